import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import type { GlobalFlags, InitFlags } from '../flags.ts'
import type { Host } from '../host.ts'

type Finish = (exitCode: number) => void

/** `llmgw init`, `config` and `validate`. Loads nothing but commander; each action imports its command when it runs. */
export function addConfiguration(program: CommandUnknownOpts, host: Host, finish: Finish): void {
  addInit(program, host, finish)
  program
    .command('config')
    .description('Print the effective configuration; connects to nothing.')
    .option('--origin', 'say of each value where it comes from', false)
    .action(async ({ origin }, command) =>
      finish(await (await import('./config.ts')).config({ ...globals(command), origin }, host)),
    )
  program
    .command('validate')
    .description('Check configuration, values, manifests, policies and charts offline; exits with 2 on findings.')
    .action(async (_flags, command) => finish(await (await import('./validate.ts')).validate(globals(command), host)))
}

function addInit(program: CommandUnknownOpts, host: Host, finish: Finish): void {
  program
    .command('init')
    .description('Write a llmgw.yaml: asks in a terminal, with what the account offers as defaults.')
    .addOption(new Option('--preset <name>', 'defaults to start from').choices(['platform', 'lean']))
    .option('--region <region>', 'AWS region, e.g. us-east-1')
    .option('--account-id <id>', 'account that the configuration is pinned to')
    .option('--cluster <name>', 'EKS cluster')
    .option('--deployment <name>', 'name of the deployment; marks everything it owns')
    .option('--file <file>', 'where to write (default: llmgw.yaml here)')
    .option('--force', 'replace a file that is there', false)
    .option('-y, --yes', 'ask nothing: flags, environment, and the account of the credentials', false)
    .action(async (flags, command) =>
      finish(await (await import('./init.ts')).init({ ...globals(command), ...flags } as InitFlags, host)),
    )
}

const globals = (command: CommandUnknownOpts): GlobalFlags => command.optsWithGlobals() as unknown as GlobalFlags
