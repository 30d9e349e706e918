import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import type { PolicyEnforceFlags, PolicyStatusFlags, PolicyTestFlags } from '../flags.ts'
import type { Host } from '../host.ts'

/** `llmgw policy …`. Loads nothing but commander; each action imports its command when it runs. */
export function addPolicies(program: CommandUnknownOpts, host: Host, finish: (exitCode: number) => void): void {
  const policy = program.command('policy').description('See what breaks the policies, test manifests, deny violations.')
  policy
    .command('status')
    .description('Show each policy, what it does about violations, and what the audit found.')
    .option('--exit-code', 'exit with 4 when something breaks a policy, or was not audited', false)
    .action(async (_flags, command) => {
      const flags = command.optsWithGlobals() as unknown as PolicyStatusFlags
      finish(await (await import('./policy.ts')).policyStatus(flags, host))
    })
  policy
    .command('test')
    .description('Evaluate manifests against the policies; says who judged, and what that covers.')
    .argument('<file...>', 'files with Kubernetes objects')
    .addOption(
      new Option('--with <judge>', 'who judges (default: gator where it is there, else the cluster)').choices([
        'gator',
        'cluster',
      ] as const),
    )
    .action(async (files, _flags, command) => {
      const flags = command.optsWithGlobals() as unknown as PolicyTestFlags
      finish(await (await import('./policy-test.ts')).policyTest(files, flags, host))
    })
  policy
    .command('enforce')
    .description('Deny violations from now on, where the audit shows that nothing breaks the policy.')
    .option('--only <policies>', 'names or kinds of policies, separated by commas (default: all)')
    .option('-y, --yes', 'ask nothing', false)
    .action(async (_flags, command) => {
      const flags = command.optsWithGlobals() as unknown as PolicyEnforceFlags
      finish(await (await import('./policy.ts')).policyEnforce(flags, host))
    })
}
