import { readFile } from 'node:fs/promises'
import { type RunnerWorld, run } from './runner.ts'

/** Entry of the runtime's own process. Argument: a JSON file with the world. */
const [, , file = ''] = process.argv
const world = JSON.parse(await readFile(file, 'utf8')) as RunnerWorld
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
await run(world, stop.signal)
