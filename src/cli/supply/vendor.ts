import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { archiveName } from '../../adapters/charts/pull.ts'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'
import type { Supplies } from './supplies.ts'

/**
 * Copies every chart, verified, into a folder that `charts.mirror` can name; what is there under these names is replaced.
 * @returns absolute folder and the names in it
 * @throws UsageError FileUnwritable, and what resolving a chart throws
 */
export async function vendorCharts(
  { keys, lock, charts }: Supplies,
  { folder, cwd, signal }: { readonly folder: string; readonly cwd: string; readonly signal: AbortSignal },
): Promise<{ readonly dir: string; readonly files: readonly string[] }> {
  const dir = resolve(cwd, folder)
  // All first: half a mirror is none.
  const resolved = await Promise.all(keys.map(async (key) => ({ key, path: (await charts.resolve(key, signal)).path })))
  try {
    await mkdir(dir, { recursive: true })
    const files: string[] = []
    for (const { key, path } of resolved) {
      const locked = lock[key]
      if (locked === undefined) continue
      const name = (await stat(path)).isFile() ? archiveName(locked) : locked.name
      await place(path, join(dir, name))
      files.push(name)
    }
    return { dir, files }
  } catch (error) {
    throw new UsageError('FileUnwritable', `charts cannot be copied to ${showText(dir)}`, { cause: error })
  }
}

/** Whole or not at all. */
async function place(from: string, to: string): Promise<void> {
  if (resolve(from) === resolve(to)) return
  const part = `${to}.part`
  await rm(part, { recursive: true, force: true })
  await cp(from, part, { recursive: true })
  await rm(to, { recursive: true, force: true })
  await rename(part, to)
}
