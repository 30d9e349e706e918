import { showText } from '../../config/show.ts'
import type { OnExisting } from '../../engine/decide.ts'
import { UsageError } from '../../errors.ts'
import type { DeployFlags, GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'

/** How a run that changes something treats what exists, and whether it may ask. */
export interface Mode {
  readonly onExisting: OnExisting
  /** Questions can be put; otherwise everything is settled already. */
  readonly interactive: boolean
}

/**
 * From flags, the three variables, and the terminal.
 * @throws UsageError where nobody can be asked and nothing says that nobody needs to be
 */
export function resolveMode(flags: DeployFlags, host: Host): Mode {
  const unattended = flags.yes || variable(host, 'INTERACTIVE_MODE') === false
  if (!unattended && !hasTerminal(flags, host))
    throw new UsageError('NoTerminal', `nobody can be asked here: ${whyNot(flags)}`, {
      hint: 'add --yes (or set INTERACTIVE_MODE=false) to go on without questions; see what it would do with: llmgw plan',
    })
  return { onExisting: onExisting(flags, host, unattended), interactive: !unattended }
}

function onExisting(flags: DeployFlags, host: Host, unattended: boolean): OnExisting {
  if (flags.onExisting !== undefined) return flags.onExisting
  // Both set: the one that does less.
  if (variable(host, 'SKIP_ALL') === true) return 'skip'
  if (variable(host, 'AUTO_SKIP_HEALTHY') === true) return 'skip-healthy'
  return unattended ? 'update' : 'ask'
}

/** A question needs both ends of a terminal that can move its cursor, and an output that is not data. */
export function hasTerminal(flags: Pick<GlobalFlags, 'output'>, { stdin, stdout, env }: Host): boolean {
  return flags.output === 'text' && stdin.isTTY === true && stdout.isTTY === true && env.TERM !== 'dumb'
}

function whyNot({ output }: DeployFlags): string {
  return output === 'text' ? 'this is no terminal' : `--output ${output} leaves no place for questions`
}

function variable({ env }: Host, name: string): boolean | undefined {
  const text = env[name]?.trim().toLowerCase()
  if (text === undefined || text === '') return undefined
  if (['true', '1', 'yes'].includes(text)) return true
  if (['false', '0', 'no'].includes(text)) return false
  throw new UsageError('BadVariable', `${name} is "${showText(env[name] ?? '')}", expected true or false`, {
    hint: `set ${name} to true or false, or unset it`,
  })
}
