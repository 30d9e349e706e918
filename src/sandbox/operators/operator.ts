import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Api } from '../control-plane/api.ts'
import type { SandboxWorld } from '../part.ts'
import { freePort } from '../ports.ts'
import { logFile, processState, startProcess, stopProcess } from '../process.ts'
import { mountedCertificate } from './certificates.ts'
import { serviceAccountCredentials, writePrivate } from './credentials.ts'
import type { Addresses, OperatorDefinition, RoleDefinition } from './definition.ts'
import { knownFlags, launchArgs } from './launch.ts'
import type { Deployment, Pod } from './objects.ts'
import type { Backing } from './pod-status.ts'
import { missingKind } from './served-kinds.ts'
import type { OperatorStatus } from './status-file.ts'

const PROBE_MS = 1_000
const FIRST_BACKOFF_MS = 500
const LONGEST_BACKOFF_MS = 30_000
/** A real pod's image takes longer to pull than CRDs of the same release take to be served; on a busy machine that is more than ten seconds. */
const KINDS_WITHIN_MS = 60_000
/** A process that was ready this long has earned a quick restart. */
const FORGIVEN_AFTER_MS = 60_000

export interface OperatorHome {
  readonly world: SandboxWorld
  readonly api: Api
}

/** Which Deployment a process stands behind. */
export interface Post {
  readonly operator: OperatorDefinition
  readonly role: string
  readonly namespace: string
}

/** Which start a running process came from; read back when another supervisor takes over. */
interface Launch {
  readonly key: string
  /** Name of the pod that it was started for. */
  readonly pod: string
  readonly probePort: number
  readonly webhookPort: number
  readonly metricsPort: number
}

export interface Operator {
  /** Brings the process in line with the Deployment: starts, restarts with back-off, replaces. */
  reconcile(deployment: Deployment, pods: readonly Pod[]): Promise<void>
  backing(): Backing
  restarts(): number
  /** Port of 127.0.0.1 on which the webhook answers, while its process lives. */
  webhookPort(): number | undefined
  status(forward: string | undefined): OperatorStatus
  stop(): Promise<void>
}

interface Operating extends OperatorHome, Post {
  readonly definition: RoleDefinition
  readonly binary: string
  /** Name of the process. */
  readonly name: string
  readonly folder: string
  readonly credentials: ReturnType<typeof serviceAccountCredentials>
  readonly certificate: ReturnType<typeof mountedCertificate>
  launch: Launch | undefined
  deployment: Deployment | undefined
  backing: Backing
  unknownFlags: readonly string[]
  restarts: number
  /** Whether a process was started whose end was not noticed yet. */
  started: boolean
  retryAt: number
  backoffMs: number
  readySince: number | undefined
  /** Since when a pod waits for its process. */
  wantedSince: number | undefined
}

/** The process behind one Deployment. @throws Error when its program was not made */
export function createOperator(home: OperatorHome, post: Post): Operator {
  const { operator, role, namespace } = post
  const name = `${operator.prefix}-${namespace}-${role}`
  const folder = join(home.world.dir, 'operators', name)
  const binary = home.world.tools[operator.tool]
  const definition = operator.roles[role]
  if (binary === undefined || definition === undefined) throw new Error(`${operator.tool} was not resolved`)
  const state: Operating = {
    ...home,
    ...post,
    definition,
    binary,
    name,
    folder,
    credentials: serviceAccountCredentials(home.api, folder),
    certificate: mountedCertificate(home.api, join(folder, 'certs')),
    launch: undefined,
    deployment: undefined,
    backing: { state: 'waiting', reason: 'ContainerCreating', message: 'not looked at yet' },
    unknownFlags: [],
    restarts: 0,
    started: false,
    retryAt: 0,
    backoffMs: FIRST_BACKOFF_MS,
    readySince: undefined,
    wantedSince: undefined,
  }
  return {
    reconcile: (deployment, pods) => reconcile(state, deployment, pods),
    backing: () => state.backing,
    restarts: () => state.restarts,
    webhookPort: () =>
      definition.webhook === true && state.backing.state !== 'waiting' ? state.launch?.webhookPort : undefined,
    status: (forward) => describe(state, forward),
    async stop() {
      await stopProcess(home.world, name)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function reconcile(state: Operating, deployment: Deployment, pods: readonly Pod[]): Promise<void> {
  state.deployment = deployment
  await adopt(state)
  const key = launchKey(state.binary, deployment)
  if (state.launch !== undefined && isOutdated(state, key, pods)) await dismiss(state)
  if (await processState(state.world, state.name)) {
    await prerequisites(state, deployment)
    await probe(state)
  } else if (state.started) await mourn(state)
  else if (performance.now() >= state.retryAt) await beginWhenPossible(state, deployment, { key, pods })
}

/** Whether it was started for another pod template, or for a pod that is gone and that it still looks for. */
function isOutdated({ launch, definition }: Operating, key: string, pods: readonly Pod[]): boolean {
  if (launch?.key !== key) return true
  return definition.ownPod === true && !pods.some(({ metadata }) => metadata.name === launch.pod)
}

/** Takes over what an earlier supervisor started. */
async function adopt(state: Operating): Promise<void> {
  if (state.launch !== undefined || (await processState(state.world, state.name)) === undefined) return
  const text = await readFile(join(state.folder, 'launch.json'), 'utf8').catch(() => undefined)
  // Without its ports a process is of no use.
  if (text === undefined) return await stopProcess(state.world, state.name)
  state.launch = JSON.parse(text) as Launch
  state.started = true
}

/** Ends a process whose pod was replaced. */
async function dismiss(state: Operating): Promise<void> {
  await stopProcess(state.world, state.name)
  state.launch = undefined
  state.started = false
}

/** `undefined` when the pod's volumes and token are there, else what is missing. */
async function prerequisites(state: Operating, deployment: Deployment): Promise<string | undefined> {
  const account = deployment.spec.template.spec.serviceAccountName ?? 'default'
  const missing = await state.credentials.refresh(state.world.kubeconfig, state.namespace, account)
  const { certificate } = state.definition
  if (missing !== undefined || certificate === undefined) return missing
  const lacking = await state.certificate.refresh(deployment)
  return certificate === 'filled-by-itself' ? undefined : lacking
}

/** Without its kinds the controller ends at once; when they never come, it is started and says so itself. */
async function kindsStillToCome(state: Operating): Promise<string | undefined> {
  state.wantedSince ??= performance.now()
  const { kinds } = state.definition
  if (kinds === undefined || performance.now() - state.wantedSince > KINDS_WITHIN_MS) return undefined
  const missing = await missingKind(state.api, kinds)
  return missing && `${missing} is not served yet`
}

async function beginWhenPossible(
  state: Operating,
  deployment: Deployment,
  { key, pods }: { readonly key: string; readonly pods: readonly Pod[] },
): Promise<void> {
  const pod = pods.find(({ spec }) => spec.nodeName !== undefined)
  if (pod === undefined) return wait(state, 'ContainerCreating', 'no pod of this Deployment is on a node')
  const missing = (await prerequisites(state, deployment)) ?? (await kindsStillToCome(state))
  if (missing !== undefined) return wait(state, 'ContainerCreating', missing)
  await begin(state, deployment, { key, pod: pod.metadata.name })
}

async function begin(state: Operating, deployment: Deployment, start: Pick<Launch, 'key' | 'pod'>): Promise<void> {
  const { binary, credentials, definition, folder, name, namespace, operator, world } = state
  const [probePort, webhookPort, metricsPort] = [await freePort(), await freePort(), await freePort()]
  const launch: Launch = { ...start, probePort, webhookPort, metricsPort }
  const addresses: Addresses = { ...launch, certDir: join(folder, 'certs'), scratchDir: join(folder, 'scratch') }
  await mkdir(addresses.scratchDir, { recursive: true, mode: 0o700 })
  const [container] = deployment.spec.template.spec.containers
  const known = await knownFlags(binary, definition)
  const { args, unknown } = launchArgs(definition, container?.args ?? [], { known, addresses })
  await writePrivate(join(folder, 'launch.json'), JSON.stringify(launch))
  const env = { KUBECONFIG: credentials.kubeconfig, ...operator.environment(world, { name: start.pod, namespace }) }
  await startProcess(world, { name, command: binary, args, env })
  Object.assign(state, { launch, unknownFlags: unknown, started: true, backing: { state: 'starting' } })
}

async function mourn(state: Operating): Promise<void> {
  const now = performance.now()
  if (state.readySince !== undefined && now - state.readySince > FORGIVEN_AFTER_MS) state.backoffMs = FIRST_BACKOFF_MS
  state.started = false
  state.restarts += 1
  state.retryAt = now + state.backoffMs
  state.backoffMs = Math.min(state.backoffMs * 2, LONGEST_BACKOFF_MS)
  wait(state, 'CrashLoopBackOff', await lastLine(logFile(state.world, state.name)))
}

function wait(state: Operating, reason: string, message: string): void {
  state.backing = { state: 'waiting', reason, message }
  state.readySince = undefined
}

async function probe(state: Operating): Promise<void> {
  if (await answers(probeUrl(state.launch, state.definition))) {
    state.readySince ??= performance.now()
    state.backing = { state: 'ready' }
  } else state.backing = { state: 'starting' }
}

function describe(state: Operating, forward: string | undefined): OperatorStatus {
  const { operator, role, definition, namespace, name, deployment, launch, backing } = state
  const starting = backing.state === 'starting' ? 'starting' : undefined
  return {
    tool: operator.tool,
    role,
    namespace,
    process: name,
    chart: deployment && operator.chartVersion(deployment),
    image: deployment?.spec.template.spec.containers[0]?.image,
    ready: backing.state === 'ready',
    reason: backing.state === 'waiting' ? backing.message : starting,
    restarts: state.restarts,
    probeUrl: launch && probeUrl(launch, definition),
    forward,
    unknownFlags: state.unknownFlags,
  }
}

const probeUrl = (launch: Launch | undefined, { probePath }: RoleDefinition): string =>
  `http://127.0.0.1:${launch?.probePort ?? 0}${probePath}`

/** A new pod template is a rollout, and so a new process; a re-made Deployment as well. */
function launchKey(binary: string, { metadata, spec }: Deployment): string {
  const parts = [binary, metadata.uid, spec.template]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Whether the probe says 200 in time. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

async function lastLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim().split('\n').at(-1)?.slice(0, 500) || 'the process ended without a word'
}
