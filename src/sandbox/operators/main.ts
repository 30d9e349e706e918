import { readFile } from 'node:fs/promises'
import type { SandboxWorld } from '../part.ts'
import { supervise } from './supervisor.ts'

/** Entry of the supervisor's own process. Argument: a JSON file with the world. */
const [, , file = ''] = process.argv
const world = JSON.parse(await readFile(file, 'utf8')) as SandboxWorld
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
await supervise(world, stop.signal)
