import { execa } from 'execa'
import type { Progress } from '../python/virtual-environment.ts'

/** What preparing a program needs. */
export interface Preparation extends Progress {
  readonly cacheDir: string
  /** Python of the sandbox, which runs the Pods' insides. */
  readonly python: string
  readonly environment: Readonly<Record<string, string>>
}

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Folder of the interpreter that a virtual environment links to. */
export async function basePrefix(python: string): Promise<string> {
  return (await execa(python, ['-E', '-S', '-c', 'import sys; print(sys.base_prefix)'])).stdout.trim()
}

/** What lies in /usr is there anyway. */
export const outsideSystem = (folders: readonly string[]): readonly string[] =>
  folders.filter((folder) => folder !== '/usr' && !folder.startsWith('/usr/'))
