import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { components } from '../../../steps/components.ts'
import { ENDPOINTS } from '../../../steps/endpoints.ts'
import { knownCodes } from '../code-pages.ts'
import { bashCompletion } from '../completion/bash.ts'
import { describeCommands } from '../completion/describe.ts'
import { fishCompletion } from '../completion/fish.ts'
import { zshCompletion } from '../completion/zsh.ts'
import type { Host } from '../host.ts'
import { ALIASES } from '../run/components.ts'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

/** `llmgw completion SHELL`: a script that completes commands, flags and closed lists of values. @returns exit code */
export async function completion(
  shell: keyof typeof SCRIPTS,
  program: CommandUnknownOpts,
  host: Host,
): Promise<number> {
  const names = components.map(({ name }) => name)
  const aliases = Object.entries(ALIASES).flatMap(([alias, name]) => (names.includes(name) ? [alias] : []))
  const words = {
    components: names,
    component: ['all', ...names, ...aliases],
    endpoint: ENDPOINTS.map(({ name }) => name),
    code: await knownCodes(),
    command: program.commands.map((command) => command.name()),
  }
  host.stdout.write(SCRIPTS[shell](describeCommands(program, words)))
  return 0
}
