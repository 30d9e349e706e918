import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import type { ReleaseSpec } from '../../../src/ports/index.ts'
import type { RealHelmOptions } from './real-helm.ts'

const DEADLINE_MS = 30_000

/** Starts `upgrade` in a process of its own; the result kills it with -9, as a whole run would be, and waits until it is gone. */
export function startRun(options: RealHelmOptions, spec: ReleaseSpec): () => Promise<void> {
  const code = `
    import { realHelm } from ${JSON.stringify(pathToFileURL('test/adapters/helm/real-helm.ts').href)}
    const { helm } = await realHelm(${JSON.stringify(options)})
    await helm.upgrade(${JSON.stringify(spec)}, { signal: new AbortController().signal, report: () => {} })
  `
  const child = execa('node', ['--import', 'tsx', '--input-type=module', '--eval', code], { reject: false })
  return async () => {
    child.kill('SIGKILL')
    await child
  }
}

/** Looks until there is an answer. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await sleep(10)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error(`${what}: not seen within ${DEADLINE_MS} ms`)
}

/** Notes on helm processes that runs left. */
export async function notes(runDir: string): Promise<readonly { readonly pid?: number }[]> {
  const dir = join(runDir, 'helm-calls')
  const names = (await readdir(dir).catch(() => [])).filter((name) => name.endsWith('.json'))
  const found = await Promise.all(
    names.map(async (name) => {
      const note = JSON.parse(await readFile(join(dir, name), 'utf8').catch(() => '{}')) as {
        process?: { pid: number }
      }
      return note.process === undefined ? {} : { pid: note.process.pid }
    }),
  )
  return found
}
