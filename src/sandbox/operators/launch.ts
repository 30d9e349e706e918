import { execa } from 'execa'
import type { Addresses, RoleDefinition } from './definition.ts'

const flagName = (argument: string): string | undefined => /^--?([^=]+)/.exec(argument)?.[1]

/**
 * Arguments of the process behind a Deployment: the chart's own, with addresses on loopback.
 * @param known flags of this version; the chart's image may be newer
 * @returns also the flags of the chart that this version lacks
 */
export function launchArgs(
  { command, podFlags, flags }: RoleDefinition,
  chartArgs: readonly string[],
  { known, addresses }: { readonly known: ReadonlySet<string>; readonly addresses: Addresses },
): { readonly args: readonly string[]; readonly unknown: readonly string[] } {
  const candidates = chartArgs.filter((argument) => {
    const name = flagName(argument)
    return name !== undefined && !podFlags.includes(name)
  })
  const isKnown = (argument: string) => known.has(flagName(argument) ?? '')
  return {
    args: [...command, ...candidates.filter(isKnown), ...flags(addresses)],
    unknown: candidates.filter((argument) => !isKnown(argument)).map((argument) => flagName(argument) ?? argument),
  }
}

/** Flags that the program's own help lists; Go's standard flags go to stderr, with one hyphen and exit code 0 or 2. */
export async function knownFlags(binary: string, { command }: RoleDefinition): Promise<ReadonlySet<string>> {
  const { all = '' } = await execa(binary, [...command, '--help'], { all: true, reject: false })
  const flags = flagsInHelp(all)
  if (flags.size === 0) throw new Error(`${binary} --help lists no flags`)
  return flags
}

/** Flags that a `--help` text lists. */
export function flagsInHelp(help: string): ReadonlySet<string> {
  return new Set([...help.matchAll(/^\s+(?:-\w, )?--?([a-z][\w-]*)/gm)].map((match) => match[1] ?? ''))
}
