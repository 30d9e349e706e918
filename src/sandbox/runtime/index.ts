import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bareEnvironment } from '../bare-environment.ts'
import { writePrivate } from '../operators/credentials.ts'
import { packageFile } from '../package-root.ts'
import type { Part, PartHealth, SandboxWorld } from '../part.ts'
import { processState, startProcess, stopProcess } from '../process.ts'
import type { RunnerWorld } from './runner.ts'
import { type PodReport, type RuntimeStatus, readStatus } from './status-file.ts'
import { untilWritten } from './until-written.ts'

const PROCESS = 'runtime'
/** The runner writes after each round; older than this, it hangs. */
const STALE_MS = 20_000

/** Real processes behind Pods of known images. */
export const runtimePart: Part = {
  name: 'runtime',

  async start(world, report, signal) {
    const { programs } = world
    if (programs === undefined || (await processState(world, PROCESS))) return
    report('runtime: starting')
    const file = join(world.dir, 'runtime', 'world.json')
    await mkdir(join(world.dir, 'pods'), { recursive: true, mode: 0o700 })
    // The shell's environment may hold secrets: it goes into no file, and into no long-running process.
    const bare = { ...world, environment: bareEnvironment(world.environment) }
    await writePrivate(file, JSON.stringify({ ...bare, programs, ...reachable(world) } satisfies RunnerWorld))
    const since = Date.now()
    await startProcess(bare, { name: PROCESS, command: process.execPath, args: [...entry(), file], env: {} })
    await untilWritten(world, { name: PROCESS, since, at: async () => (await readStatus(world.dir))?.at, signal })
    report('runtime: ready')
  },

  async health(world): Promise<PartHealth> {
    if (world.programs === undefined) return { state: 'idle', detail: 'all pods are simulated by kwok' }
    const runner = await processState(world, PROCESS)
    if (!runner) return { state: 'down', detail: 'the runtime does not run: pods of known images stand still' }
    const status = await readStatus(world.dir)
    if (status === undefined) return { state: 'down', detail: 'the runtime has not looked yet' }
    if (Date.now() - Date.parse(status.at) > STALE_MS) {
      return { state: 'down', detail: `the runtime last looked at ${status.at}` }
    }
    if (status.problem !== undefined) return { state: 'down', detail: status.problem }
    const programs = Object.values(world.programs).map(({ title }) => title)
    if (status.pods.length === 0) return { state: 'idle', detail: `ready for ${programs.join(', ')}; none is deployed` }
    return { state: 'running', detail: describe(status), pids: [runner.pid] }
  },

  async stop(world) {
    // Its Pods end with it: their first processes die with the one that holds their input.
    await stopProcess(world, PROCESS, 15_000)
  },
}

/** Programs in a Pod reach Services, and beyond them only what the sandbox offers in place of AWS. */
function reachable({ aws, upstreamPort }: SandboxWorld) {
  const upstream = upstreamPort === undefined ? undefined : { address: '127.0.0.1', port: upstreamPort }
  const emulator = { address: '127.0.0.1', port: Number(new URL(aws.endpoint).port) }
  return {
    open: upstream === undefined ? [emulator] : [emulator, upstream],
    added: {
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(upstream === undefined ? {} : { AWS_BEDROCK_RUNTIME_ENDPOINT: `http://127.0.0.1:${upstream.port}` }),
    },
  }
}

/** The bundle beside the running program, or the source when that is what runs. */
function entry(): readonly string[] {
  if (!import.meta.url.endsWith('.ts')) return [packageFile('dist', 'runtime.js')]
  const loader = pathToFileURL(packageFile('node_modules', 'tsx', 'dist', 'loader.mjs')).href
  return ['--import', loader, packageFile('src', 'sandbox', 'runtime', 'main.ts')]
}

function describe({ pods, replicas, closed }: RuntimeStatus): string {
  const real = pods.map(describePod).join('; ')
  const others = replicas.length === 0 ? '' : `; replicas that share these processes: ${replicas.join(', ')}`
  const shut = closed.length === 0 ? '' : `; Services that could not be opened here: ${closed.join(', ')}`
  return `real: ${real}${others}${shut}`
}

function describePod({ namespace, name, containers }: PodReport): string {
  const parts = containers.map(({ name: container, program, lack, image, ready, reason, restarts }) => {
    if (program === undefined) return `${container} simulated${lack === undefined ? '' : `: ${lack}`}`
    const state = ready ? 'ready' : (reason ?? 'not ready')
    return `${container} = ${program} for ${tagOf(image)}, ${state}${restarts === 0 ? '' : `, ${restarts} restarts`}`
  })
  return `${namespace}/${name} (${parts.join('; ')})`
}

/** `open-webui:0.11.0` of `ghcr.io/open-webui/open-webui:0.11.0`: the version asked for, beside the one that runs. */
const tagOf = (image: string): string => (image.split('/').at(-1) ?? image).replace(/@.*$/, '')
