import { access, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { showText } from './show.ts'

const FILE_NAME = 'llmgw.yaml'

/** A configuration file as the user would name it, with its bytes. */
export interface FoundFile {
  readonly path: string
  readonly shown: string
  readonly bytes: Uint8Array
}

/**
 * The file that was named, or the nearest `llmgw.yaml` from `cwd` upwards; undefined when there is none.
 * @throws ConfigError when a file that is there, or was named, cannot be read
 */
export async function findFile(cwd: string, named: string | undefined): Promise<FoundFile | undefined> {
  const path = named === undefined ? await nearest(cwd) : resolve(cwd, named)
  if (path === undefined) return undefined
  const shown = showText(named ?? (relative(cwd, path) || FILE_NAME))
  try {
    return { path, shown, bytes: await readFile(path) }
  } catch (error) {
    throw unreadable(shown, error, named !== undefined)
  }
}

function unreadable(shown: string, error: unknown, named: boolean): ConfigError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = READ_ERRORS[code] ?? `cannot be read (${code || 'unknown error'})`
  return new ConfigError('ConfigUnreadable', `configuration file ${shown} ${reason}`, {
    hint: named ? 'give --config the path of a llmgw.yaml, or leave it out' : undefined,
    cause: error,
  })
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by this user',
}

async function nearest(cwd: string): Promise<string | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const path = join(folder, FILE_NAME)
    const there = await access(path).then(
      () => true,
      () => false,
    )
    if (there) return path
    if (dirname(folder) === folder) return undefined
  }
}
