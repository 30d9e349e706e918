import { type CommandUnknownOpts, InvalidArgumentError } from '@commander-js/extra-typings'
import type { KeysCreateFlags, KeysFlags, KeysRevokeFlags } from '../flags.ts'
import type { Host } from '../host.ts'

function amount(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text)
  throw new InvalidArgumentError('expected an amount above 0, e.g. 25 or 2.50')
}

function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number above 0')
}

/** Source: LiteLLM documentation, virtual keys, durations. */
function period(text: string): string {
  if (/^[1-9]\d*(s|m|h|d|mo)$/.test(text)) return text
  throw new InvalidArgumentError('expected a number followed by s, m, h, d or mo, e.g. 30d')
}

/** `llmgw keys …`. Loads nothing but commander; each action imports its command when it runs. */
export function addKeys(program: CommandUnknownOpts, host: Host, finish: (exitCode: number) => void): void {
  const keys = program.command('keys').description('Make, list and revoke keys of the gateway; needs its database.')
  keys
    .command('create')
    .description('Make a key for calls of models; its value is shown once, or written to a file.')
    .argument('<name>', 'name by which the key is listed and revoked')
    .option('--models <names>', 'models that it may call, separated by commas (default: all of the configuration)')
    .option('--budget <dollars>', 'how much it may spend', amount)
    .option('--budget-period <duration>', 'after which the budget starts anew, e.g. 30d', period)
    .option('--rpm <count>', 'requests a minute', count)
    .option('--tpm <count>', 'tokens a minute', count)
    .option('--expires <duration>', 'for how long it works, e.g. 90d (default: until it is revoked)', period)
    .option('--output-file <file>', 'write the value there, readable by you alone, instead of showing it')
    .action(async (name, _flags, command) => {
      const flags = command.optsWithGlobals() as unknown as KeysCreateFlags
      finish(await (await import('../keys/create.ts')).createKey(name, flags, host))
    })
  keys
    .command('list')
    .description('Show each key: models, budget and spend, limits, end. Never a value.')
    .action(async (_flags, command) => {
      finish(await (await import('../keys/list.ts')).listKeys(command.optsWithGlobals() as unknown as KeysFlags, host))
    })
  keys
    .command('revoke')
    .description('Take a key away: whoever holds it is refused from then on.')
    .argument('<name>', 'name of the key')
    .option('-y, --yes', 'ask nothing', false)
    .action(async (name, _flags, command) => {
      const flags = command.optsWithGlobals() as unknown as KeysRevokeFlags
      finish(await (await import('../keys/revoke.ts')).revokeKey(name, flags, host))
    })
}
