import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { PreflightError } from '../../errors.ts'
import { bareEnvironment } from '../bare-environment.ts'
import { packageFile } from '../package-root.ts'
import type { Part, PartHealth } from '../part.ts'
import { processState, startProcess, stopProcess } from '../process.ts'

const PROCESS = 'models'
const START_DEADLINE_MS = 30_000
const POLL_MS = 50

/** Models that the gateway of the sandbox calls: Bedrock's and OpenAI's shape, answers made up. */
export const upstreamPart: Part = {
  name: 'models',

  async start(world, report, signal) {
    const { upstreamPort: port } = world
    if (port === undefined || (await answers(port))) return
    await stopProcess(world, PROCESS)
    report('models: starting')
    const home = { dir: world.dir, environment: bareEnvironment(world.environment) }
    const args = [...entry(), String(port)]
    await startProcess(home, { name: PROCESS, command: process.execPath, args, env: {} })
    const deadline = performance.now() + START_DEADLINE_MS
    while (!(await answers(port))) {
      if ((await processState(world, PROCESS)) === undefined || performance.now() > deadline) {
        throw new PreflightError('ModelsNotStarted', `the models of the sandbox do not answer on 127.0.0.1:${port}`, {
          hint: 'llmgw sandbox logs models',
        })
      }
      await sleep(POLL_MS, undefined, { signal })
    }
    report('models: ready')
  },

  async health(world): Promise<PartHealth> {
    const { upstreamPort: port } = world
    if (port === undefined) return { state: 'idle', detail: 'nothing would call them: all pods are simulated' }
    const running = await processState(world, PROCESS)
    if (!running || !(await answers(port))) {
      return { state: 'down', detail: `the models do not answer on 127.0.0.1:${port}` }
    }
    const detail = `http://127.0.0.1:${port}, in the shapes of Bedrock and OpenAI; answers are made up from the question`
    return { state: 'running', detail, pids: [running.pid] }
  },

  async stop(world) {
    await stopProcess(world, PROCESS)
  },
}

/** The bundle beside the running program, or the source when that is what runs. */
function entry(): readonly string[] {
  if (!import.meta.url.endsWith('.ts')) return [packageFile('dist', 'models.js')]
  const loader = pathToFileURL(packageFile('node_modules', 'tsx', 'dist', 'loader.mjs')).href
  return ['--import', loader, packageFile('src', 'sandbox', 'upstream', 'main.ts')]
}

async function answers(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/llmgw-sandbox/health`, { signal: AbortSignal.timeout(2_000) })
    return ((await answer.json()) as { readonly serves?: string }).serves === 'models'
  } catch {
    return false
  }
}
