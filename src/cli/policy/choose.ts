import { POLICIES, type Policy } from '../../../steps/policies/catalog.ts'
import { closest } from '../../config/closest.ts'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'

/**
 * Policies by name, kind or name of their constraint, separated by commas; all of them where nothing is named.
 * @throws UsageError PolicyUnknown
 */
export function choosePolicies(words: string | undefined): readonly Policy[] {
  if (words === undefined) return POLICIES
  const chosen = words.split(',').map((word) => policyNamed(word.trim()))
  return POLICIES.filter((policy) => chosen.includes(policy))
}

function policyNamed(word: string): Policy {
  const wanted = word.toLowerCase()
  const found = POLICIES.find(({ name, kind }) => [name, `llmgw-${name}`, kind.toLowerCase()].includes(wanted))
  if (found !== undefined) return found
  const near = closest(
    word,
    POLICIES.flatMap(({ name, kind }) => [name, kind]),
  )
  throw new UsageError('PolicyUnknown', `there is no policy "${showText(word)}"`, {
    hint: near === undefined ? 'list them: llmgw policy status' : `did you mean "${near}"?`,
  })
}
