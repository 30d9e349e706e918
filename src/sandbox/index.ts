import { readdir, rm } from 'node:fs/promises'
import { PreflightError } from '../errors.ts'
import { connectionOf, type SandboxConnection } from './connection.ts'
import { withLock } from './lock.ts'
import { findOwn } from './mark.ts'
import type { PartHealth } from './part.ts'
import { PARTS } from './parts.ts'
import { endProcess } from './process.ts'
import { readSettings, type Settings, type ToolSource } from './settings.ts'
import { placeOf, type SandboxOptions, worldOf } from './world.ts'

export { type SandboxConnection, shellExports as env } from './connection.ts'
export { databaseUrl } from './database/address.ts'
export { logs } from './logs.ts'
export { up } from './up.ts'
export type { SandboxOptions } from './world.ts'

export interface SandboxStatus {
  readonly name: string
  /** Undefined when there is no such sandbox. */
  readonly connection: SandboxConnection | undefined
  readonly parts: readonly (PartHealth & { readonly name: string })[]
  readonly tools: readonly ToolStatus[]
}

/** A program that the sandbox uses. */
interface ToolStatus extends Partial<ToolSource> {
  readonly name: string
  readonly path: string
}

/** Looks at every part; starts nothing. */
export async function status(options: SandboxOptions): Promise<SandboxStatus> {
  const place = placeOf(options)
  const settings = await readSettings(place.dir)
  if (settings === undefined) return { name: place.name, connection: undefined, parts: [], tools: [] }
  const world = worldOf(place, settings, options.shell)
  const parts = await Promise.all(PARTS.map(async (part) => ({ name: part.name, ...(await part.health(world)) })))
  return { name: place.name, connection: connectionOf(world, settings), parts, tools: toolsOf(settings) }
}

const toolsOf = ({ tools, origins }: Settings): readonly ToolStatus[] =>
  Object.entries(tools).map(([name, path]) => ({ name, ...origins?.[name], path }))

/** How to reach a sandbox that was brought up. @throws PreflightError when there is none of this name */
export async function connection(options: SandboxOptions): Promise<SandboxConnection> {
  const place = placeOf(options)
  const settings = await readSettings(place.dir)
  if (settings === undefined) {
    const flag = place.name === 'default' ? '' : ` --name ${place.name}`
    throw new PreflightError('SandboxNotThere', `there is no sandbox ${place.name}`, {
      hint: `llmgw sandbox up${flag}`,
    })
  }
  return connectionOf(worldOf(place, settings, options.shell), settings)
}

/**
 * Ends every process of the sandbox and removes its folder; true when there was something to end or remove.
 * Works on what is left of a half-dead sandbox too: processes are found by their mark, not only by pid files.
 */
export async function down(
  options: SandboxOptions,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const place = placeOf(options)
  const lock = {
    file: place.lockFile,
    signal,
    onWait: (pid: number) => report(`waiting for process ${pid}, which works on sandbox ${place.name}`),
  }
  return await withLock(lock, async () => {
    const settings = await readSettings(place.dir).catch(() => undefined)
    if (settings) {
      const world = worldOf(place, settings, options.shell)
      for (const part of [...PARTS].reverse()) {
        report(`stopping ${part.name}`)
        await part.stop(world)
      }
    }
    const left = await findOwn(place.dir)
    await Promise.all(left.map((process) => endProcess(process)))
    const existed = (await readdir(place.dir).catch(() => [])).length > 0
    await rm(place.dir, { recursive: true, force: true, maxRetries: 3 })
    return settings !== undefined || left.length > 0 || existed
  })
}
