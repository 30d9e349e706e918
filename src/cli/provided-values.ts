import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { showText } from '../config/show.ts'
import { UsageError } from '../errors.ts'
import type { ProvidedValues } from '../ports/index.ts'
import { Secret } from '../secret.ts'
import { type Assignment, parseEnvFile } from './env-file.ts'

/** Values of provided secrets; what is typed at a prompt is added. */
export interface AskableValues extends ProvidedValues {
  add(name: string, value: Secret): void
}

const PREFIX = 'LLMGW_SECRET_'
const LARGEST_BYTES = 1_048_576

/** `database-url` -> `LLMGW_SECRET_DATABASE_URL`. */
export function variableOf(logicalName: string): string {
  return `${PREFIX}${logicalName.toUpperCase().replaceAll('-', '_')}`
}

/** Values by variable name, the environment before the file; `fallback` knows what neither has. */
export function createProvidedValues(
  given: Readonly<Record<string, string | undefined>>,
  fallback: (logicalName: string) => Secret | undefined = () => undefined,
): AskableValues {
  const values = new Map<string, Secret>()
  for (const [name, value] of Object.entries(given))
    if (name.startsWith(PREFIX) && value) values.set(name, new Secret(value))
  return {
    find: (name) => values.get(variableOf(name)) ?? fallback(name),
    add: (name, value) => void values.set(variableOf(name), value),
  }
}

/** The assignments of a secrets file. @returns values by variable name */
export async function readSecretsFile(
  cwd: string,
  file: string,
  warn: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const entries = await readAssignments(cwd, file, warn)
  return Object.fromEntries(
    entries.map(({ name, value }) => [name.startsWith(PREFIX) ? name : variableOf(name), value]),
  )
}

/**
 * Reads `NAME=value` lines, by logical name or by variable.
 * @throws UsageError with the line at fault, never its value
 */
export async function readAssignments(
  cwd: string,
  file: string,
  warn: (line: string) => void,
): Promise<readonly Assignment[]> {
  const path = resolve(cwd, file)
  const shown = showText(file)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile() || found.size > LARGEST_BYTES)
    throw new UsageError(
      'SecretsFileUnreadable',
      `secrets file ${shown} ${found ? 'is no file of at most 1 MiB' : 'does not exist'}`,
      {
        hint: 'name a file with lines NAME=value',
      },
    )
  if ((found.mode & 0o077) !== 0) warn(`warning: others may read ${shown}: chmod 600 ${shown}`)
  return parseEnvFile(await readFile(path, 'utf8'), shown)
}
