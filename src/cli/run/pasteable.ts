import type { Looked } from '../../engine/look.ts'
import type { Observation } from '../../engine/step.ts'
import type { GlobalFlags } from '../flags.ts'

/** What leads a command to a platform. */
export type Platform = Pick<GlobalFlags, 'sandbox' | 'config'>

/** Commands that work on a platform, and so have to be told which. */
const COMMANDS =
  /\bllmgw (?=(deploy|plan|diff|status|verify|diagnose|destroy|doctor|lock|orphans|secrets|permissions|restart|scale|rollback|access|forward|policy|keys|test|chat|examples|validate|config|charts|images|support-bundle)\b)/g

const NEEDS_NO_QUOTES = /^[\w@%+=:,./-]+$/

/** A word as a shell takes it for one. */
export const quoted = (word: string): string =>
  NEEDS_NO_QUOTES.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`

/** The flags that lead another command to the same platform, each with a space before it; empty where none is needed. */
export function platformFlags({ sandbox, config }: Platform): string {
  const toSandbox = sandbox === undefined ? '' : sandbox === 'default' ? ' --sandbox' : ` --sandbox=${sandbox}`
  return config === undefined ? toSandbox : `${toSandbox} --config ${quoted(config)}`
}

/** `text` with every command of ours leading to the same platform as this run, so that it can be pasted. */
export function pasteable(text: string, platform: Platform): string {
  const flags = platformFlags(platform)
  return flags === '' ? text : text.replace(COMMANDS, () => `llmgw${flags} `)
}

interface Told {
  readonly hint?: string
  readonly cause?: unknown
}

/** The same for the hint of an event, a check or a step, and for that of its cause. */
export function withPasteableHints<T extends object>(told: T & Told, platform: Platform): T {
  if (platformFlags(platform) === '') return told
  const { hint, cause } = told
  return {
    ...told,
    ...(hint === undefined ? {} : { hint: pasteable(hint, platform) }),
    ...(typeof cause === 'object' && cause !== null ? { cause: withPasteableHints(cause, platform) } : {}),
  }
}

/** The same for everything that was found. */
export function lookedPasteable(looked: Looked, platform: Platform): Looked {
  if (platformFlags(platform) === '') return looked
  const mapped = [...looked.observations].map(([id, seen]): [string, Observation] => [
    id,
    withPasteableHints(seen, platform),
  ])
  return { ...looked, observations: new Map(mapped) }
}
