import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings'

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** Names from the program's down, without the program's: `['sandbox', 'up']`. */
  readonly path: readonly string[]
  readonly description: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly CompletedOption[]
  /** What its arguments can be, where that is a closed list. */
  readonly words: readonly string[]
}

export interface CompletedOption {
  /** `-y`, `--yes`. */
  readonly flags: readonly string[]
  readonly description: string
  /** What follows it; absent = nothing does. */
  readonly value?: { readonly kind: 'choice' | 'file' | 'folder' | 'free'; readonly choices: readonly string[] }
}

/** Closed lists by the name of an argument, or of an option's value. */
export type ArgumentWords = Readonly<Record<string, readonly string[]>>

/** The program and every command below it; options of the program hold everywhere and stand at the program only. */
export function describeCommands(program: CommandUnknownOpts, words: ArgumentWords): readonly CompletedCommand[] {
  const walk = (command: CommandUnknownOpts, path: readonly string[]): readonly CompletedCommand[] => {
    const children = program
      .createHelp()
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help' || path.length === 0)
    return [
      describe(command, path, { children, words }),
      ...children.flatMap((child) => walk(child, [...path, child.name()])),
    ]
  }
  return walk(program, [])
}

interface Surroundings {
  readonly children: readonly CommandUnknownOpts[]
  readonly words: ArgumentWords
}

function describe(
  command: CommandUnknownOpts,
  path: readonly string[],
  { children, words }: Surroundings,
): CompletedCommand {
  const help = command.createHelp()
  const commands = children.map((child) => ({ name: child.name(), description: child.description() }))
  return {
    path,
    description: command.description(),
    commands,
    options: help.visibleOptions(command).map((one) => option(one, words)),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? words[argument.name()] ?? []),
  }
}

function option({ short, long, description, argChoices, flags }: Option, words: ArgumentWords): CompletedOption {
  const name = /<([\w-]+)>/.exec(flags)?.[1]
  const described = { flags: [short, long].filter((flag) => flag !== undefined), description }
  // A bare --sandbox is complete: the word after it is the command.
  if (name === undefined || long === '--sandbox') return described
  const choices = argChoices ?? words[name]
  if (choices !== undefined) return { ...described, value: { kind: 'choice', choices } }
  const kind = name === 'file' || name === 'folder' ? name : 'free'
  return { ...described, value: { kind, choices: [] } }
}

/** Options with a value, each with the commands at which it takes one; `undefined` = everywhere. */
export function valuedOptions(commands: readonly CompletedCommand[]): readonly {
  readonly at: string | undefined
  readonly option: CompletedOption & Required<Pick<CompletedOption, 'value'>>
}[] {
  return commands.flatMap(({ path, options }) =>
    options.flatMap((one) =>
      one.value === undefined
        ? []
        : [{ at: path.length === 0 ? undefined : path.join(' '), option: { ...one, value: one.value } }],
    ),
  )
}
