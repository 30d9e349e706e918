import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface CountingHelm {
  /** Folder with a `helm` in it, for `LLMGW_SANDBOX_BIN_DIR`. */
  readonly binDir: string
  /** Arguments of every helm process so far. */
  calls(): Promise<readonly string[]>
}

/** A `helm` that notes each start and then becomes the real one: the witness that a run started none. */
export async function countingHelm(dir: string, realHelm: string): Promise<CountingHelm> {
  const binDir = join(dir, 'bin')
  const log = join(dir, 'helm-calls')
  await mkdir(binDir, { recursive: true })
  await writeFile(log, '')
  const helm = join(binDir, 'helm')
  await writeFile(helm, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nexec '${realHelm}' "$@"\n`)
  await chmod(helm, 0o755)
  return {
    binDir,
    calls: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''),
  }
}
