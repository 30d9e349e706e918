import { stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { showText } from '../../config/show.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import { ownLockPath } from './chart-lock.ts'
import type { Supplies } from './supplies.ts'

const HEAD = `# Written by "llmgw charts lock": the charts that this configuration deploys, as their source had them.
# Named by charts.lock in llmgw.yaml it holds in place of llmgw's own pins. To move a chart change its version, remove its
# digest, and run the command again. Commit it.
`

export interface LockedRow {
  readonly key: string
  readonly version: string
  readonly digest: string
}

/**
 * Resolves every chart, digests that are pinned compared, and writes all of them with their digests.
 * @throws PreflightError ChartStandIn, and what resolving throws; UsageError FileUnwritable
 */
export async function writeOwnLock(
  supplies: Supplies,
  { file, cwd, signal }: { readonly file: string | undefined; readonly cwd: string; readonly signal: AbortSignal },
): Promise<{ readonly file: string; readonly charts: readonly LockedRow[] }> {
  const { keys, lock, charts, loaded } = supplies
  const folder = loaded.file === undefined ? cwd : dirname(resolve(cwd, loaded.file))
  const path = file === undefined ? (ownLockPath(loaded) ?? join(folder, 'charts.lock.yaml')) : resolve(cwd, file)
  const resolved = await Promise.all(keys.map(async (key) => ({ key, ...(await charts.resolve(key, signal)) })))
  const standIn = resolved.find(({ info }) => info.standIn)
  if (standIn)
    throw new PreflightError(
      'ChartStandIn',
      `chart ${standIn.key} is a stand-in of the sandbox: its digest says nothing about the real one`,
      {
        hint: 'set charts.mirror to a place that has the real charts',
      },
    )
  const rows = await Promise.all(
    resolved.map(async ({ key, path: chart, info }) => {
      const { name = key, version = info.version, repository = '' } = lock[key] ?? {}
      // An archive and an unpacked chart have digests of their own.
      const pin = (await isArchive(chart)) ? { digest: info.digest } : { contents: info.digest }
      return [key, { ...(name === key ? {} : { name }), version, repository, ...pin }] as const
    }),
  )
  await writeFile(path, `${HEAD}${stringify({ charts: Object.fromEntries(rows) })}`).catch((error: unknown) => {
    throw new UsageError('FileUnwritable', `${showText(path)} cannot be written`, { cause: error })
  })
  return { file: path, charts: resolved.map(({ key, info }) => ({ key, version: info.version, digest: info.digest })) }
}

const isArchive = async (path: string): Promise<boolean> => (await stat(path)).isFile()
