import { Argument, type CommandUnknownOpts } from '@commander-js/extra-typings'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'

/** `llmgw explain`, `llmgw permissions` and `llmgw completion`. Loads nothing but commander; each action imports its command when it runs. */
export function addReference(program: CommandUnknownOpts, host: Host, finish: (exitCode: number) => void): void {
  program
    .command('explain')
    .description('Explain the code of an error: what it means, how to see it, what to do.')
    .argument('[code]', 'e.g. WrongAccount (default: list them all)')
    .action(async (code, _flags, command) =>
      finish(
        await (await import('./explain.ts')).explain(code, command.optsWithGlobals() as unknown as GlobalFlags, host),
      ),
    )
  program
    .command('permissions')
    .description(
      'Print what llmgw itself needs: an IAM policy, or a ClusterRole for kubectl apply. Connects to nothing.',
    )
    .addArgument(new Argument('<where>', 'for which of the two').choices(['iam', 'cluster'] as const))
    .action(async (where, _flags, command) =>
      finish(
        await (await import('./permissions.ts')).permissions(
          where,
          command.optsWithGlobals() as unknown as GlobalFlags,
          host,
        ),
      ),
    )
  program
    .command('completion')
    .description('Print a script that completes commands, flags and names: source <(llmgw completion bash)')
    .addArgument(new Argument('<shell>', 'the shell that runs it').choices(['bash', 'zsh', 'fish'] as const))
    .action(async (shell) => finish(await (await import('./completion.ts')).completion(shell, program, host)))
}
