import type { Looked } from '../../engine/look.ts'
import type { Observation } from '../../engine/step.ts'

/** Commands that work on a platform, and so have to be told which. */
const COMMANDS =
  /\bllmgw (?=(deploy|plan|diff|status|verify|diagnose|destroy|doctor|lock|orphans|secrets|permissions|restart|scale|rollback|access|forward)\b)/g

/** How a command names the sandbox; empty without one. */
export function sandboxFlag(name: string | undefined): string {
  if (name === undefined) return ''
  return name === 'default' ? ' --sandbox' : ` --sandbox=${name}`
}

/** `text` with every command of ours leading to the same sandbox as this run, so that it can be pasted. */
export function pasteable(text: string, sandbox: string | undefined): string {
  return sandbox === undefined ? text : text.replace(COMMANDS, `llmgw${sandboxFlag(sandbox)} `)
}

interface Told {
  readonly hint?: string
  readonly cause?: unknown
}

/** The same for the hint of an event, a check or a step, and for that of its cause. */
export function withPasteableHints<T extends object>(told: T & Told, sandbox: string | undefined): T {
  if (sandbox === undefined) return told
  const { hint, cause } = told
  return {
    ...told,
    ...(hint === undefined ? {} : { hint: pasteable(hint, sandbox) }),
    ...(typeof cause === 'object' && cause !== null ? { cause: withPasteableHints(cause, sandbox) } : {}),
  }
}

/** The same for everything that was found. */
export function lookedPasteable(looked: Looked, sandbox: string | undefined): Looked {
  if (sandbox === undefined) return looked
  const mapped = [...looked.observations].map(([id, seen]): [string, Observation] => [
    id,
    withPasteableHints(seen, sandbox),
  ])
  return { ...looked, observations: new Map(mapped) }
}
