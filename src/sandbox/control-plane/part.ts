import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { PreflightError } from '../../errors.ts'
import { identifyOwn, MARK } from '../mark.ts'
import type { Part, SandboxWorld } from '../part.ts'
import { endProcess } from '../process.ts'
import { isLoopback } from '../service-range.ts'
import { PINS } from '../tools/pins.ts'
import { connectApi } from './api.ts'
import { CLUSTER, COMPONENTS, clusterDir, componentLog, drawPorts, kwokDir, pidFile, readPorts } from './components.ts'
import { type ComponentHealth, componentHealth, runningPid, summarize } from './health.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { kwokctlConfig } from './kwokctl-config.ts'
import { seedCluster } from './seed.ts'

const READY_WITHIN_MS = 90_000
const POLL_MS = 50

type Report = (line: string) => void

/** Real etcd, API server, controller manager and scheduler, and kwok for nodes and pods; set up by kwokctl's binary runtime. */
export const controlPlanePart: Part = {
  name: 'control-plane',
  start,
  async health(world) {
    return summarize(await componentHealth(world), PINS.kubernetes.version)
  },
  async stop(world) {
    // etcd last, so that the others do not complain about it; kwokctl itself would trust a reused pid.
    for (const name of [...COMPONENTS].reverse()) {
      const pid = await runningPid(world, name)
      const identity = pid === undefined ? undefined : await identifyOwn(pid, world.dir)
      if (identity) await endProcess(identity)
    }
  },
}

async function start(world: SandboxWorld, report: Report, signal: AbortSignal): Promise<void> {
  const before = await componentHealth(world)
  const allWell = before.every(({ answers }) => answers)
  if (!allWell) {
    await ((await isCreated(world)) ? mend(world, { before, report, signal }) : create(world, report, signal))
    await waitUntilWell(world, report, signal)
  }
  await finish(world, signal)
}

/** What is left over of a creation that was interrupted counts as nothing. */
async function isCreated(world: SandboxWorld): Promise<boolean> {
  const kubeconfig = await stat(join(clusterDir(world), 'kubeconfig.yaml')).catch(() => undefined)
  return kubeconfig !== undefined && (await readPorts(world)) !== undefined
}

async function create(world: SandboxWorld, report: Report, signal: AbortSignal): Promise<void> {
  report(`starting Kubernetes v${PINS.kubernetes.version}`)
  await controlPlanePart.stop(world)
  await rm(kwokDir(world), { recursive: true, force: true })
  const ports = await drawPorts(world)
  const file = join(world.dir, 'kwokctl.yaml')
  await writeFile(file, await kwokctlConfig(world, ports), { mode: 0o600 })
  await kwokctl(world, ['create', 'cluster', '--config', file, '--kubeconfig', ''], signal)
}

interface Mending {
  readonly before: readonly ComponentHealth[]
  readonly report: Report
  readonly signal: AbortSignal
}

async function mend(world: SandboxWorld, { before, report, signal }: Mending): Promise<void> {
  const dead = before.filter(({ pid }) => pid === undefined).map(({ name }) => name)
  if (dead.length > 0) report(`starting again: ${dead.join(', ')}`)
  // kwokctl takes a zombie or somebody else's process of the same pid for its component.
  await Promise.all(dead.map((name) => rm(pidFile(world, name), { force: true })))
  await kwokctl(world, ['start', 'cluster'], signal)
}

async function kwokctl(world: SandboxWorld, args: readonly string[], signal: AbortSignal): Promise<void> {
  const { kwokctl: command, kubectl } = world.tools
  if (command === undefined || kubectl === undefined) throw new Error('kwokctl and kubectl were not resolved')
  const result = await execa(command, ['--name', CLUSTER, ...args], {
    reject: false,
    extendEnv: false,
    all: true,
    // kwokctl waits two minutes for a served API; we look more often and stop sooner.
    timeout: READY_WITHIN_MS,
    cancelSignal: signal,
    env: {
      ...world.environment,
      PATH: `${join(kubectl, '..')}:${world.environment.PATH ?? ''}`,
      KWOK_WORKDIR: kwokDir(world),
      [MARK]: world.dir,
    },
  })
  await writeFile(join(world.dir, 'kwokctl.log'), result.all ?? '', { flag: 'a', mode: 0o600 })
  signal.throwIfAborted()
  if (result.exitCode !== 0) {
    throw new PreflightError('SandboxControlPlaneFailed', `kwokctl ${args[0]} failed for sandbox ${world.name}`, {
      cause: lastMessage(result.all ?? ''),
      hint: 'llmgw sandbox logs control-plane',
    })
  }
}

/** kwokctl logs JSON lines off a terminal. */
function lastMessage(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? ''
  const parsed = /"msg":"([^"]*)"(?:.*"err":"([^"]*)")?/.exec(line)
  return parsed ? [parsed[1], parsed[2]].filter(Boolean).join(': ') : line
}

/** A scheduler or controller-manager that lost its API server ends some seconds later, perhaps after it was found well. */
const MENDINGS = 3

async function waitUntilWell(world: SandboxWorld, report: Report, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  for (let mendings = 0; ; ) {
    const health = await componentHealth(world)
    if (health.every(({ answers }) => answers)) return
    const dead = health.find(({ pid }) => pid === undefined)
    if (performance.now() > deadline || (dead && mendings === MENDINGS)) throw notWell(world, health, dead)
    if (dead) {
      mendings += 1
      await mend(world, { before: health, report, signal })
    }
    await sleep(POLL_MS, undefined, { signal })
  }
}

function notWell(
  world: SandboxWorld,
  health: readonly ComponentHealth[],
  dead: ComponentHealth | undefined,
): PreflightError {
  const culprit = dead ?? health.find(({ answers }) => !answers)
  const { detail } = summarize(health, PINS.kubernetes.version)
  return new PreflightError('SandboxControlPlaneFailed', `control plane of ${world.name}: ${detail}`, {
    hint: culprit ? `look into ${componentLog(world, culprit.name)}` : undefined,
  })
}

/** Refuses a Service range outside 127/8 before anything connects to a ClusterIP; then seeds, and publishes keys and kubeconfig. */
async function finish(world: SandboxWorld, signal: AbortSignal): Promise<void> {
  const api = await connectApi(world)
  try {
    const clusterIp = await kubernetesClusterIp(api, signal)
    if (!isLoopback(clusterIp)) {
      throw new PreflightError(
        'SandboxServiceRange',
        `ClusterIPs of ${world.name} are not on loopback: kubernetes.default has ${clusterIp || 'none'}`,
        { hint: `llmgw sandbox down --name ${world.name}` },
      )
    }
    await Promise.all([seedCluster(api), publishKeys(world, (await api.call('GET', '/openid/v1/jwks')).text)])
    await writeKubeconfig(world)
  } finally {
    api.close()
  }
}

/** The API server makes this Service itself, some moments after it first answers; empty when it has not within the deadline. */
async function kubernetesClusterIp(api: Awaited<ReturnType<typeof connectApi>>, signal: AbortSignal): Promise<string> {
  const deadline = performance.now() + READY_WITHIN_MS
  for (;;) {
    const { text } = await api.call('GET', '/api/v1/namespaces/default/services/kubernetes')
    const clusterIp = (JSON.parse(text) as { spec?: { clusterIP?: string } }).spec?.clusterIP ?? ''
    if (clusterIp !== '' || performance.now() > deadline) return clusterIp
    await sleep(POLL_MS, undefined, { signal })
  }
}

async function publishKeys(world: SandboxWorld, jwks: string): Promise<void> {
  const file = join(world.dir, 'jwks.json')
  await writeFile(`${file}.${process.pid}`, jwks, { mode: 0o600 })
  await rename(`${file}.${process.pid}`, file)
}
