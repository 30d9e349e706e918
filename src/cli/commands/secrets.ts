import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import type { GlobalFlags, SecretsExportFlags, SecretsFlags, SecretsMigrateFlags } from '../flags.ts'
import type { Host } from '../host.ts'

/** What every action below needs; `finish` is told the exit code. */
interface Surroundings {
  readonly host: Host
  readonly finish: (exitCode: number) => void
}

/** `llmgw secrets …`. Loads nothing but commander; each action imports what it does when it runs. */
export function addSecrets(program: CommandUnknownOpts, host: Host, finish: (exitCode: number) => void): void {
  const command = program.command('secrets').description('Look at, give, rotate, back up and restore secrets.')
  const surroundings = { host, finish }
  addLooking(command, surroundings)
  addGiving(command, surroundings)
  addRotating(command, surroundings)
  addBackup(command, surroundings)
  addMigration(command, surroundings)
}

const flagsOf = (command: CommandUnknownOpts): SecretsFlags => command.optsWithGlobals() as unknown as SecretsFlags

/** A command that changes secrets. */
function changing(parent: CommandUnknownOpts, name: string) {
  return parent
    .command(name)
    .option('-y, --yes', 'ask nothing', false)
    .option('--confirm <name>', 'name of a secret that cuts people off, instead of typing it; with --yes')
}

function addLooking(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  parent
    .command('status')
    .description('Show each secret: version in AWS, copies in the cluster, pods that run with it. Never a value.')
    .argument('[name...]', 'names of secrets (default: all)')
    .option('--exit-code', 'exit with 4 when something is not as it should be', false)
    .action(async (names, _flags, command) => {
      const flags = command.optsWithGlobals() as unknown as GlobalFlags & { readonly exitCode: boolean }
      finish(await (await import('../secrets/status.ts')).status(names, flags, host))
    })
}

function addGiving(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  changing(parent, 'generate')
    .description('Make random values where there are none; what exists is never changed.')
    .argument('[name...]', 'names of secrets (default: all that can be generated)')
    .action(async (names, _flags, command) =>
      finish(await (await import('../secrets/generate.ts')).generate(names, flagsOf(command), host)),
    )
  changing(parent, 'set')
    .description('Give a value: from standard input, a hidden prompt or a file. One that has a value is rotated to it.')
    .argument('<name>', 'name of a secret')
    .option('--from-file <file>', 'file that holds the value')
    .action(async (name, _flags, command) =>
      finish(await (await import('../secrets/set.ts')).set(name, flagsOf(command), host)),
    )
  changing(parent, 'import')
    .description('Give the values of a .env file, read as data: where there are none, others with --replace.')
    .argument('<file>', 'file with NAME=value lines')
    .option('--replace', 'rotate those that have another value', false)
    .action(async (file, _flags, command) =>
      finish(await (await import('../secrets/import.ts')).importFile(file, flagsOf(command), host)),
    )
}

function addRotating(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  changing(parent, 'rotate')
    .description('Make a new version, sync it, restart what reads it, prove that it is in use, retire the old one.')
    .argument('<name>', 'name of a secret')
    .option('--from-file <file>', 'file that holds the value of a provided secret')
    .option('--back', 'give a rotation that was stopped up: back to the version before', false)
    .action(async (name, _flags, command) =>
      finish(await (await import('../secrets/rotate.ts')).rotate(name, flagsOf(command), host)),
    )
  changing(parent, 'sync')
    .description('Bring current values into the cluster now; restarts nothing.')
    .argument('[name...]', 'names of secrets (default: all)')
    .action(async (names, _flags, command) =>
      finish(await (await import('../secrets/sync.ts')).sync(names, flagsOf(command), host)),
    )
}

function addBackup(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  parent
    .command('export')
    .description('Write every current value, encrypted to an age recipient.')
    .requiredOption('--recipient <age1…>', 'who may read it; repeat for several', repeated)
    .option('-o, --out <file>', 'file to write (default: standard output)')
    .option('--force', 'overwrite the file', false)
    .action(async (_flags, command) => {
      const flags = command.optsWithGlobals() as unknown as SecretsExportFlags
      finish(await (await import('../secrets/export.ts')).exportSecrets(flags, host))
    })
  changing(parent, 'restore')
    .description('Bring back the values of an export where there are none, others with --replace.')
    .argument('<file>', 'file that export wrote')
    .option('--identity <file>', 'age identity, as age-keygen writes it (default: typed, hidden)')
    .option('--replace', 'rotate those that have another value; immutable ones never', false)
    .action(async (file, _flags, command) =>
      finish(await (await import('../secrets/restore.ts')).restore(file, flagsOf(command), host)),
    )
}

function addMigration(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  changing(parent, 'migrate')
    .description('Bring all values into the layout that secrets.layout names; the cluster has every value throughout.')
    .addOption(
      new Option('--to <layout>', 'the layout, which has to be that of llmgw.yaml').choices(['split', 'bundle']),
    )
    .option('--retire', 'schedule the secrets of the layout before for deletion; they can be restored', false)
    .action(async (_flags, command) => {
      const flags = command.optsWithGlobals() as unknown as SecretsMigrateFlags
      finish(await (await import('../secrets/migrate.ts')).migrate(flags, host))
    })
}

function repeated(value: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? before : []), value]
}
