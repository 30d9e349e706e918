import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PreflightError } from '../../errors.ts'
import { redact } from '../../secret.ts'
import { inOwnFolder } from '../own-folder.ts'
import type { LockedChart } from './lock.ts'

const DEADLINE_MS = 120_000

/** Runs `helm` with these arguments; rejects when it is missing, too old, or aborted. */
export type RunHelm = (call: {
  readonly args: readonly string[]
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
}) => Promise<{ readonly exitCode: number | undefined; readonly stderr: string }>

/** A place that serves charts over the network. */
export interface Remote {
  readonly url: string
  readonly plainHttp: boolean
  /** A mirror may be a bare web folder; a repository of its own has an index. */
  readonly isMirror: boolean
}

/** File name of a packed chart. */
export function archiveName({ name, version }: LockedChart): string {
  return `${name}-${version}.tgz`
}

/** Where a chart from this remote is kept. */
export function cachedFile(cacheDir: string, remote: Remote, locked: LockedChart): string {
  const source = createHash('sha256').update(remote.url).digest('hex').slice(0, 16)
  return join(cacheDir, 'charts', source, archiveName(locked))
}

function attempts(remote: Remote, locked: LockedChart): readonly (readonly string[])[] {
  const base = remote.url.replace(/\/+$/, '')
  const version = ['--version', locked.version]
  if (base.startsWith('oci://')) {
    return [[`${base}/${locked.name}`, ...version, ...(remote.plainHttp ? ['--plain-http'] : [])]]
  }
  const byIndex = [locked.name, ...version, '--repo', base]
  return remote.isMirror ? [[`${base}/${archiveName(locked)}`], byIndex] : [byIndex]
}

const NOT_THERE =
  /404 Not Found|: not found|no chart (name|version) found|not found in .* repository|(MANIFEST|NAME)_UNKNOWN/i

function failure(remote: Remote, locked: LockedChart, stderrs: readonly string[]): PreflightError {
  const lines = stderrs.map((text) => redact(text.trim().split('\n').at(-1) ?? '').replace(/^Error: /, ''))
  const chart = `chart ${locked.name} ${locked.version}`
  const place = remote.isMirror ? `mirror ${remote.url}` : `repository ${remote.url}`
  if (lines.every((line) => NOT_THERE.test(line))) {
    const wanted = remote.url.startsWith('oci://') ? `${locked.name}:${locked.version}` : archiveName(locked)
    return new PreflightError('ChartMissing', `${chart} is not in the ${place}: expected ${wanted}`, {
      cause: lines[0],
      hint: remote.isMirror ? `put ${wanted} into the mirror` : 'set charts.mirror to a place that has it',
    })
  }
  return new PreflightError('ChartUnavailable', `could not get ${chart} from the ${place}`, {
    cause: lines.find((line) => !NOT_THERE.test(line)),
    hint: 'check the network path, or set charts.mirror to a directory, http or oci mirror',
  })
}

/**
 * Downloads a chart into a folder of its own and hands the file to `accept`; only an accepted file is moved to `target`,
 * in one step, so that nobody ever sees half a chart there.
 * @throws PreflightError ChartMissing, ChartUnavailable
 */
export async function pull<T>(
  from: { readonly remote: Remote; readonly locked: LockedChart; readonly run: RunHelm },
  target: string,
  options: { readonly accept: (file: string) => Promise<T>; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const { remote, locked, run } = from
  const folder = `${target}.${randomBytes(6).toString('hex')}.part`
  await inOwnFolder(folder, () => mkdir(folder, { recursive: true }))
  try {
    const stderrs: string[] = []
    for (const args of attempts(remote, locked)) {
      const call = { args: ['pull', ...args, '--destination', folder], signal: options.signal, timeoutMs: DEADLINE_MS }
      const result = await run(call)
      const [file] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
      if (result.exitCode === 0 && file !== undefined) {
        const accepted = await options.accept(join(folder, file))
        await rename(join(folder, file), target)
        return accepted
      }
      stderrs.push(result.stderr)
    }
    throw failure(remote, locked, stderrs)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
