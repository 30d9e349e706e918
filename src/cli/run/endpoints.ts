import { ENDPOINTS, type Endpoint } from '../../../steps/endpoints.ts'
import { closest } from '../../config/closest.ts'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'

/**
 * Endpoints by the names that users know them by.
 * @throws UsageError UnknownEndpoint with the closest one
 */
export function endpointsNamed(words: readonly string[]): readonly Endpoint[] {
  return [...new Set(words)].map((word) => {
    const found = ENDPOINTS.find(
      ({ name, component }) => name === word || (component === word && component !== 'monitoring'),
    )
    if (found !== undefined) return found
    const names = ENDPOINTS.map(({ name }) => name)
    const near = closest(word, names)
    throw new UsageError(
      'UnknownEndpoint',
      `there is nothing called "${showText(word)}" to reach${near === undefined ? '' : `; did you mean "${near}"?`}`,
      {
        hint: `there are: ${names.join(', ')}`,
      },
    )
  })
}
