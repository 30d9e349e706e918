import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { showText } from '../config/show.ts'
import { UsageError } from '../errors.ts'
import type { ProvidedValues } from '../ports/index.ts'
import { Secret } from '../secret.ts'

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

/**
 * Reads `NAME=value` lines, by logical name or by variable; `#` starts a comment line, quotes around a value are taken off.
 * @returns values by variable name
 * @throws UsageError with the line at fault, never its value
 */
export async function readSecretsFile(
  cwd: string,
  file: string,
  warn: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
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
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/)
  return Object.fromEntries(lines.flatMap((line, index) => entry(line, `${shown}:${index + 1}`)))
}

function entry(line: string, place: string): readonly [string, string][] {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return []
  const match = /^(?:export\s+)?([A-Za-z][\w-]*)\s*=\s*(.*)$/.exec(text)
  const [, name, value] = match ?? []
  if (name === undefined || value === undefined)
    throw new UsageError('SecretsFileLine', `${place} is no line of the form NAME=value`)
  return [[name.startsWith(PREFIX) ? name : variableOf(name), unquoted(value)]]
}

function unquoted(value: string): string {
  const quote = value[0]
  const isQuoted = value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote)
  return isQuoted ? value.slice(1, -1) : value
}
