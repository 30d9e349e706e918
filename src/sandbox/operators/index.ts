import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { PreflightError } from '../../errors.ts'
import { bareEnvironment } from '../bare-environment.ts'
import { packageFile } from '../package-root.ts'
import type { Part, PartHealth, SandboxWorld } from '../part.ts'
import { logFile, processState, startProcess, stopProcess } from '../process.ts'
import { OPERATORS, operatorOf } from './catalog.ts'
import { writePrivate } from './credentials.ts'
import { readModulePin } from './module-pin.ts'
import { answers } from './operator.ts'
import { type OperatorStatus, readStatus, type SupervisorStatus } from './status-file.ts'

const PROCESS = 'operators'
const START_DEADLINE_MS = 30_000
const POLL_MS = 50
/** The supervisor writes at least once a second; older than this, it hangs. */
const STALE_MS = 15_000

/** Real processes behind the Deployments of the operators' charts, wherever and as long as these exist. */
export const operatorsPart: Part = {
  name: 'operators',

  async start(world, report, signal) {
    if (await processState(world, PROCESS)) return
    report('operators: starting the supervisor')
    const file = join(world.dir, 'operators', 'world.json')
    // The shell's environment may hold secrets: it goes into no file, and into no long-running process.
    const bare = { ...world, environment: bareEnvironment(world.environment) }
    await writePrivate(file, JSON.stringify(bare))
    const since = Date.now()
    await startProcess(bare, { name: PROCESS, command: process.execPath, args: [...entry(), file], env: {} })
    await untilLooking(world, since, signal)
    report('operators: ready')
  },

  async health(world): Promise<PartHealth> {
    const supervisor = await processState(world, PROCESS)
    if (!supervisor) return { state: 'down', detail: 'the supervisor of the operators does not run' }
    const status = await readStatus(world.dir)
    const problem = status === undefined ? 'it has not looked yet' : supervisorProblem(status)
    if (status === undefined || problem !== undefined) return { state: 'down', detail: `supervisor: ${problem}` }
    if (status.operators.length === 0)
      return { state: 'idle', detail: `not deployed: ${OPERATORS.map(({ title }) => title).join(', ')}` }
    return await judge(world, status, supervisor.pid)
  },

  async stop(world) {
    // The supervisor ends its processes itself; those of one that was killed are ended by their own pid files.
    await stopProcess(world, PROCESS)
    const files = await readdir(join(world.dir, 'run')).catch(() => [])
    const ours = new RegExp(`^((?:${OPERATORS.map(({ prefix }) => prefix).join('|')})-.*)\\.json$`)
    const names = files.flatMap((file) => ours.exec(file)?.[1] ?? [])
    await Promise.all(names.map((name) => stopProcess(world, name)))
  },
}

/** The bundle beside the running program, or the source when that is what runs. */
function entry(): readonly string[] {
  if (!import.meta.url.endsWith('.ts')) return [packageFile('dist', 'operators.js')]
  const loader = pathToFileURL(packageFile('node_modules', 'tsx', 'dist', 'loader.mjs')).href
  return ['--import', loader, packageFile('src', 'sandbox', 'operators', 'main.ts')]
}

async function untilLooking(world: SandboxWorld, since: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS
  while (Date.parse((await readStatus(world.dir))?.at ?? '') < since || (await readStatus(world.dir)) === undefined) {
    if ((await processState(world, PROCESS)) === undefined || performance.now() > deadline) {
      const log = await readFile(logFile(world, PROCESS), 'utf8').catch(() => '')
      throw new PreflightError('OperatorsNotStarted', 'the supervisor of the operators did not start', {
        hint: 'llmgw sandbox logs operators',
        cause: log.trim().split('\n').at(-1),
      })
    }
    await sleep(POLL_MS, undefined, { signal })
  }
}

function supervisorProblem(status: SupervisorStatus): string | undefined {
  if (Date.now() - Date.parse(status.at) > STALE_MS) return `it last looked at ${status.at}`
  return status.problem
}

async function judge(world: SandboxWorld, status: SupervisorStatus, supervisor: number): Promise<PartHealth> {
  const tools = [...new Set(status.operators.map(({ tool }) => tool))]
  const seen = await Promise.all(
    tools.map((tool) =>
      judgeOne(
        world,
        status.operators.filter((operator) => operator.tool === tool),
      ),
    ),
  )
  const detail = seen.map((one) => one.detail).join('; ')
  if (seen.some(({ healthy }) => !healthy)) return { state: 'down', detail }
  return { state: 'running', detail, pids: [supervisor, ...seen.flatMap(({ pids }) => pids)] }
}

/** Health of the processes of one operator, in a sentence. */
async function judgeOne(world: SandboxWorld, operators: readonly OperatorStatus[]) {
  const seen = await Promise.all(operators.map((operator) => look(world, operator)))
  const [first] = operators
  const tool = first?.tool ?? ''
  const title = operatorOf(tool)?.title ?? tool
  const versions = `${title}: chart ${first?.chart ?? 'of unknown version'}, controller ${readModulePin(tool).version}`
  const problems = seen.flatMap(({ problem }) => problem ?? [])
  if (problems.length > 0) return { healthy: false, detail: `${versions}; ${problems.join('; ')}`, pids: [] }
  const forward = operators.find((operator) => operator.forward)?.forward
  const where = forward === undefined ? '' : `; webhook on ${forward}`
  const ignored = [...new Set(operators.flatMap(({ unknownFlags }) => unknownFlags))]
  const flags = ignored.length === 0 ? '' : `; flags of the chart that it does not know: ${ignored.join(', ')}`
  return {
    healthy: true,
    detail: `${versions}, real processes behind simulated pods${where}${flags}`,
    pids: seen.flatMap(({ pid }) => pid ?? []),
  }
}

async function look(world: SandboxWorld, operator: OperatorStatus) {
  const { role, namespace, process: name, probeUrl, reason } = operator
  const running = await processState(world, name)
  const label = `${role} in ${namespace}`
  if (!running) return { problem: `${label} does not run${reason === undefined ? '' : `: ${reason}`}` }
  if (probeUrl === undefined || !(await answers(probeUrl))) return { problem: `${label} does not answer its probe` }
  return reason === undefined || operator.ready ? { pid: running.pid } : { problem: `${label}: ${reason}` }
}
