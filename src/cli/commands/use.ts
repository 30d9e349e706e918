import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { Host } from '../host.ts'
import { withReportOptions } from '../options.ts'
import type { ChatFlags } from './chat.ts'
import type { ExamplesFlags } from './examples.ts'
import type { TestFlags } from './test.ts'

type Finish = (exitCode: number) => void

function duration(text: string): string {
  if (/^\d+(s|m|h)$/.test(text)) return text
  throw new InvalidArgumentError('expected a whole number followed by s, m or h, e.g. 5m')
}

function tokens(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number of tokens')
}

/** `llmgw chat`, `test` and `examples`: using what was deployed. */
export function addUse(program: CommandUnknownOpts, host: Host, finish: Finish): void {
  program
    .command('chat')
    .description('Ask a model through the deployed gateway; the answer is shown as it comes.')
    .argument('<question...>', 'what to ask')
    .option('--model <name>', 'a model of the configuration (default: its first)')
    .option('--max-tokens <count>', 'longest answer', tokens)
    .option('--endpoint <url>', "the gateway's address (default: through the API server)")
    .action(async (words, _flags, command) =>
      finish(
        await (await import('./chat.ts')).chat(
          words.join(' '),
          command.optsWithGlobals() as unknown as ChatFlags,
          host,
        ),
      ),
    )
  withReportOptions(program.command('test'))
    .description('Make real calls to the deployed gateway; those to models cost what a short question costs.')
    .argument('<what>', 'health, auth, models, guardrails, production or all')
    .option('--model <name>', 'only this model (default: all of the configuration)')
    .option('--stream', 'also ask each model for a stream', false)
    .option('--endpoint <url>', "the gateway's address (default: through the API server)")
    .option('--wait <duration>', 'wait so long for the gateway to get ready, e.g. 2m', duration)
    .action(async (what, _flags, command) =>
      finish(await (await import('./test.ts')).test(what, command.optsWithGlobals() as unknown as TestFlags, host)),
    )
  program
    .command('examples')
    .description('Print a program that calls the gateway: curl, python or node.')
    .argument('<language>', 'curl, python or node')
    .option('--model <name>', 'a model of the configuration (default: its first)')
    .option('--endpoint <url>', "the gateway's address", 'http://127.0.0.1:4000')
    .action(async (language, _flags, command) =>
      finish(
        await (await import('./examples.ts')).examples(
          language,
          command.optsWithGlobals() as unknown as ExamplesFlags,
          host,
        ),
      ),
    )
}
