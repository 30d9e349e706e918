import { Argument, type Command, InvalidArgumentError } from '@commander-js/extra-typings'
import type { AccessFlags, ChangeFlags, GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { withChangeOptions } from '../options.ts'

type Program = Pick<Command, 'command'>

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}

/** Commands that keep a deployed platform running. Loads nothing but commander; each action imports its command when it runs. */
export function addDayTwo(program: Program, host: Host, finish: (exitCode: number) => void): void {
  program
    .command('access')
    .description('Show what is where and how to log in; values of secrets only with --show, in a terminal.')
    .argument('[endpoint...]', 'ui, litellm, grafana, prometheus, jaeger, alertmanager (default: all)')
    .option('--show', 'also print the values of passwords and keys', false)
    .action(async (endpoints, _flags, command) =>
      finish(
        await (await import('./access.ts')).access(
          endpoints,
          command.optsWithGlobals() as unknown as AccessFlags,
          host,
        ),
      ),
    )
  program
    .command('forward')
    .description('Lead ports of this machine (loopback) to services in the cluster, until Ctrl-C.')
    .argument(
      '<endpoint...>',
      'ui, litellm, grafana, prometheus, jaeger, alertmanager; NAME=PORT for a port of your own',
    )
    .action(async (endpoints, _flags, command) =>
      finish(
        await (await import('./forward.ts')).forward(
          endpoints,
          command.optsWithGlobals() as unknown as GlobalFlags,
          host,
        ),
      ),
    )
  withChangeOptions(program.command('restart'))
    .description('Replace the pods of a component, as many at a time as its workloads allow.')
    .argument('<component>', 'name of a component')
    .action(async (component, _flags, command) =>
      finish(await (await import('./restart.ts')).restart(component, flagsOf(command), host)),
    )
  withChangeOptions(program.command('scale'))
    .description('Set the replicas of a component by hand; the next deploy sets back what the configuration says.')
    .argument('<component>', 'name of a component')
    .addArgument(new Argument('<replicas>', 'how many').argParser(wholeNumber))
    .action(async (component, replicas, _flags, command) =>
      finish(await (await import('./scale.ts')).scale(component, replicas, flagsOf(command), host)),
    )
  withChangeOptions(program.command('rollback'))
    .description('Take the release of a component back to an earlier revision; secrets and volumes stay.')
    .argument('<component>', 'name of a component')
    .addArgument(
      new Argument('[revision]', 'as helm history names it (default: the one deployed before)').argParser(wholeNumber),
    )
    .action(async (component, revision, _flags, command) =>
      finish(await (await import('./rollback.ts')).rollback(component, revision, flagsOf(command), host)),
    )
}

function flagsOf(command: { optsWithGlobals(): unknown }): ChangeFlags {
  return { deep: false, ...(command.optsWithGlobals() as object) } as ChangeFlags
}
