import { Command, Option } from '@commander-js/extra-typings'
import { plainText } from '../ui/harmless.ts'
import { addConfiguration } from './commands/configuration.ts'
import { addDayTwo } from './commands/day-two.ts'
import { addKeys } from './commands/keys.ts'
import { addPolicies } from './commands/policies.ts'
import { addReference } from './commands/reference.ts'
import { addSandbox } from './commands/sandbox.ts'
import { addSecrets } from './commands/secrets.ts'
import { addSupply } from './commands/supply.ts'
import { addUse } from './commands/use.ts'
import type { Host } from './host.ts'
import {
  atLeastOne,
  withChangeOptions,
  withChoiceOptions,
  withGlobalOptions,
  withLookOptions,
  withPlanOptions,
  withReportOptions,
  withWatchOptions,
} from './options.ts'
import { VERSION } from './version.ts'

/** Told the exit code of the action that ran. */
export type Finish = (exitCode: number) => void

const EXAMPLES = `
Examples:
  llmgw --sandbox deploy all    try everything on this machine, without an AWS account
  llmgw plan                    what a deploy would change
  llmgw deploy redis            one component
  llmgw status                  the state of each component

Exit codes:
  0 done   1 a step or check failed   2 usage or configuration   3 preflight   4 differences (with --exit-code)
  6 locked by another run   70 a bug in llmgw   130 cancelled or declined
`

/** Verbs and flags. Nothing but commander is loaded here: each action imports its command when it runs. */
export function createProgram(host: Host, finish: Finish) {
  const program = withGlobalOptions(new Command('llmgw'))
    .description('Deploys and runs an LLM gateway on Amazon EKS.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      // A bare --sandbox takes no name: the next word is the command.
      optionTerm: ({ long, flags }) => (long === '--sandbox' ? '--sandbox[=NAME]' : flags),
    })
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      // Arguments may hold anything, and these messages repeat them.
      outputError: (text, write) => write(plainText(text)),
      getOutHelpWidth: () => host.stdout.columns ?? 100,
      getErrHelpWidth: () => host.stderr.columns ?? 100,
    })
  addConfiguration(program, host, finish)
  addDeploy(program, host, finish)
  addPlan(program, host, finish)
  addDiff(program, host, finish)
  addStatus(program, host, finish)
  addDiagnose(program, host, finish)
  addVerify(program, host, finish)
  addUse(program, host, finish)
  addDoctor(program, host, finish)
  addSupportBundle(program, host, finish)
  addDestroy(program, host, finish)
  addSecrets(program, host, finish)
  addKeys(program, host, finish)
  addPolicies(program, host, finish)
  addSupply(program, host, finish)
  addLock(program, host, finish)
  addDayTwo(program, host, finish)
  addInformation(program, host, finish)
  addReference(program, host, finish)
  addSandbox(program, host, finish)
  return program
}

type Program = ReturnType<typeof createProgram>

function addDeploy(program: Program, host: Host, finish: Finish): void {
  withReportOptions(withChangeOptions(withChoiceOptions(withPlanOptions(program.command('deploy')))))
    .description('Deploy components, or all of them; what is as wanted is left alone.')
    .argument('[component...]', 'names of components, or all')
    .addOption(
      new Option('--on-existing <mode>', 'what to do with what exists').choices(['update', 'skip-healthy', 'skip']),
    )
    .addOption(
      new Option('--with-needs', 'also deploy what the named components need').default(false).conflicts('skip'),
    )
    .option('--prune', 'also remove what carries our mark and is no longer wanted; only with all', false)
    .option('--rollback-on-failure', 'take a release that does not get ready back to its last deployed revision', false)
    .addOption(
      new Option('--plan <file>', 'run exactly the plan in this file, made by plan -o').conflicts([
        ...['only', 'skip', 'withNeeds', 'prune', 'onExisting'],
        ...['adopt', 'restoreSecrets', 'deep'],
      ]),
    )
    .action(async (components, _flags, command) =>
      finish(await (await import('./commands/deploy.ts')).deploy(components, command.optsWithGlobals(), host)),
    )
}

function addPlan(program: Program, host: Host, finish: Finish): void {
  withChoiceOptions(withPlanOptions(program.command('plan')))
    .description('Show what a deploy would change, field by field; changes nothing.')
    .argument('[component...]', 'names of components (default: all)')
    .option('--exit-code', 'exit with 4 when there are differences', false)
    .option('-o, --out <file>', 'also keep the plan in a file, for deploy --plan; it holds no secret value')
    .action(async (components, _flags, command) =>
      finish(await (await import('./commands/plan.ts')).plan(components, command.optsWithGlobals(), host)),
    )
}

function addDiff(program: Program, host: Host, finish: Finish): void {
  program
    .command('diff')
    .description('Show one component in full: every object, every field, every line that a deploy would change.')
    .argument('<component>', 'name of a component, or all')
    .option('--adopt', 'take over what exists and nobody owns', false)
    .option('--restore-secrets', 'restore secrets that are pending deletion', false)
    .option('--secrets-file <file>', 'values of provided secrets, NAME=value a line; keep it at mode 0600')
    .option('--exit-code', 'exit with 4 when there are differences', false)
    .action(async (component, _flags, command) =>
      finish(
        await (await import('./commands/diff.ts')).diff(component, { ...command.optsWithGlobals(), deep: true }, host),
      ),
    )
}

function addStatus(program: Program, host: Host, finish: Finish): void {
  withWatchOptions(withLookOptions(program.command('status')))
    .description('Show the state of each component: version, age, ready workloads, newest warning.')
    .argument('[component...]', 'names of components (default: all)')
    .option('--exit-code', 'exit with 4 when something is not as wanted', false)
    .action(async (components, _flags, command) =>
      finish(await (await import('./commands/status.ts')).status(components, command.optsWithGlobals(), host)),
    )
}

function addDiagnose(program: Program, host: Host, finish: Finish): void {
  withLookOptions(program.command('diagnose'))
    .description('Find out why something does not work, from the symptom to the cause; changes nothing.')
    .argument('[component...]', 'names of components (default: all)')
    .action(async (components, _flags, command) =>
      finish(await (await import('./commands/diagnose.ts')).diagnose(components, command.optsWithGlobals(), host)),
    )
}

function addVerify(program: Program, host: Host, finish: Finish): void {
  withReportOptions(withWatchOptions(withLookOptions(program.command('verify'))))
    .description('Prove that what is deployed works; changes nothing.')
    .argument('[component...]', 'names of components (default: all)')
    .option('--only <checks>', 'only these checks, separated by commas; their names are in --output json')
    .addOption(
      new Option('--probe', 'also call the models, which costs money; says first how much at most')
        .default(false)
        .conflicts('watch'),
    )
    .action(async (components, _flags, command) =>
      finish(await (await import('./commands/verify.ts')).verify(components, command.optsWithGlobals(), host)),
    )
}

function addDoctor(program: Program, host: Host, finish: Finish): void {
  program
    .command('doctor')
    .description('Look whether machine, account and cluster are ready for a deployment; changes nothing without --fix.')
    .option('--only <checks>', 'only these checks, separated by commas; their names are in --output json')
    .option('--fix', 'mend what can be mended safely; says what it will do, and asks', false)
    .option('-y, --yes', 'with --fix: ask nothing', false)
    .action(async (_flags, command) =>
      finish(await (await import('./commands/doctor.ts')).doctor(command.optsWithGlobals(), host)),
    )
}

function addSupportBundle(program: Program, host: Host, finish: Finish): void {
  program
    .command('support-bundle')
    .description('Gather all that helps to help in one archive, without secret values; changes nothing.')
    .option('-o, --out <file>', 'file for the archive (default: llmgw-support-DEPLOYMENT-TIME.tar.gz)')
    .option('--tail <lines>', "last lines of each container's log", atLeastOne, 500)
    .action(async (_flags, command) =>
      finish(await (await import('./commands/support-bundle.ts')).supportBundle(command.optsWithGlobals(), host)),
    )
}

function addDestroy(program: Program, host: Host, finish: Finish): void {
  withChangeOptions(withLookOptions(program.command('destroy')))
    .description('Remove components. Volumes, CRDs and secret values are kept unless asked for.')
    .argument('<component...>', 'names of components, or all')
    .option('--confirm <deployment>', 'name of the deployment, instead of typing it')
    .option('--delete-crds', 'also delete custom resource definitions, and so all objects of their kinds', false)
    .option('--delete-volumes', 'also delete volumes and what is on them', false)
    .addOption(
      new Option('--keep-secrets', 'leave the secrets in AWS alone (default: delete them after a recovery window)')
        .default(false)
        .conflicts('purgeSecrets'),
    )
    .option('--purge-secrets', 'delete the secrets in AWS at once, for good', false)
    .action(async (components, _flags, command) =>
      finish(await (await import('./commands/destroy.ts')).destroy(components, command.optsWithGlobals(), host)),
    )
}

function addLock(program: Program, host: Host, finish: Finish): void {
  const lock = program.command('lock').description('See who works on the deployment, or free it from a run that died.')
  lock
    .command('status')
    .description('Show who holds the lock, since when, with which command, and their last sign of life.')
    .action(async (_flags, command) =>
      finish(await (await import('./commands/lock.ts')).lockStatus(command.optsWithGlobals(), host)),
    )
  lock
    .command('release')
    .description('Take the lock away from its holder. A run that died is taken over without this, within 15 s.')
    .option('-y, --yes', 'ask nothing', false)
    .option('--confirm <holder>', 'the holder as lock status names it, instead of typing it')
    .action(async (_flags, command) =>
      finish(await (await import('./commands/lock.ts')).lockRelease(command.optsWithGlobals(), host)),
    )
}

function addInformation(program: Program, host: Host, finish: Finish): void {
  program
    .command('components')
    .description('List the components.')
    .option('--graph', 'also show what each of their steps needs', false)
    .action(async (_flags, command) =>
      finish(await (await import('./commands/components.ts')).components(command.optsWithGlobals(), host)),
    )
  program
    .command('version')
    .description('Print the versions of llmgw and of what it stands on.')
    .action(async (_flags, command) =>
      finish(await (await import('./commands/version.ts')).version(command.optsWithGlobals(), host)),
    )
}
