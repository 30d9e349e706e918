import { closest } from '../../config/closest.ts'
import { COMPONENTS, type ComponentName } from '../../config/schema.ts'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'

/** Other names that users know components by. */
export const ALIASES: Readonly<Record<string, ComponentName>> = {
  'open-webui': 'openwebui',
  'opa-policies': 'policies',
  eso: 'external-secrets',
}

/** Components as the user named them; empty = all. */
export type Named = readonly ComponentName[]

/**
 * Resolves what the user typed; `all`, or nothing, means all components.
 * @throws UsageError for a name that is none, with the closest one
 */
export function namedComponents(words: readonly string[]): Named {
  const wanted = words.filter((word) => word !== 'all')
  if (wanted.length < words.length && wanted.length > 0)
    throw new UsageError('AllAndMore', `"all" already includes ${wanted.map(showText).join(', ')}`, {
      hint: 'name components, or all of them',
    })
  return [...new Set(wanted.map(resolve))]
}

function resolve(word: string): ComponentName {
  const name = COMPONENTS.find((component) => component === word) ?? aliased(word)
  if (name !== undefined) return name
  const near = closest(word, [...COMPONENTS, ...Object.keys(ALIASES)])
  throw new UsageError(
    'UnknownComponent',
    `there is no component "${showText(word)}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    { hint: 'see the names with: llmgw components' },
  )
}

function aliased(word: string): ComponentName | undefined {
  return Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined
}
