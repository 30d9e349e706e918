import { closest } from '../../config/closest.ts'
import { COMPONENTS, type ComponentName } from '../../config/schema.ts'
import { showText } from '../../config/show.ts'
import type { Graph } from '../../engine/graph.ts'
import { components } from '../../engine/selection.ts'
import { UsageError } from '../../errors.ts'
import type { ChoiceFlags } from '../flags.ts'

/** Other names that users know components by. */
export const ALIASES: Readonly<Record<string, ComponentName>> = {
  'open-webui': 'openwebui',
  'opa-policies': 'policies',
  eso: 'external-secrets',
}

/** Components as the user named them; empty = all. */
export type Named = readonly ComponentName[]

/** What a command works on. */
export interface Choice {
  /** Named one by one, as arguments or with `--only`; empty = all. */
  readonly named: Named
  /** Left out of all. */
  readonly skipped: Named
  /** As the user would type it again, e.g. `all --skip redis`. */
  readonly words: string
}

/**
 * Arguments together with `--only` and `--skip`, which choose among all.
 * @throws UsageError for an unknown name, and for flags beside names
 */
export function chosenComponents(words: readonly string[], { only, skip }: ChoiceFlags): Choice {
  const named = namedComponents(words)
  const flag = only === undefined ? '--skip' : '--only'
  if (only === undefined && skip === undefined) return { named, skipped: [], words: named.join(' ') || 'all' }
  if (named.length > 0)
    throw new UsageError('ChoiceTwice', `${flag} chooses among all components, but ${named.join(', ')} are named`, {
      hint: `name all with it: all ${flag} ${only ?? skip ?? ''}; or leave it out`,
    })
  const chosen = listed(flag, only ?? skip ?? '')
  const text = `all ${flag} ${chosen.join(',')}`
  return flag === '--only' ? { named: chosen, skipped: [], words: text } : { named: [], skipped: chosen, words: text }
}

function listed(flag: string, text: string): Named {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  if (words.length === 0 || words.includes('all'))
    throw new UsageError('ChoiceEmpty', `${flag} is "${showText(text)}", expected names of components`, {
      hint: `separate them with commas, e.g. ${flag} redis,storage; see the names with: llmgw components`,
    })
  return [...new Set(words.map(resolve))]
}

/**
 * Names of the chosen components, for a selection; empty = all.
 * @throws UsageError when nothing is left
 */
export function chosenNames<Ctx>(graph: Graph<Ctx>, { named, skipped }: Choice): readonly string[] {
  if (skipped.length === 0) return named
  const left = components(graph).filter((component) => !skipped.some((name) => name === component))
  if (left.length > 0) return left
  throw new UsageError('NothingChosen', '--skip leaves no component to work on', {
    hint: 'see the names with: llmgw components',
  })
}

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
