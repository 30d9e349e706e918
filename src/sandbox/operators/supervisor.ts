import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, connectApi } from '../control-plane/api.ts'
import type { SandboxWorld } from '../part.ts'
import { OPERATORS } from './catalog.ts'
import { type OperatorDefinition, roleOf, selectorOf } from './definition.ts'
import { type Forward, forwardTo } from './forward.ts'
import type { Deployment, Pod, Service } from './objects.ts'
import { createOperator, type Operator, type OperatorHome, type Post } from './operator.ts'
import { type Backing, podStatus } from './pod-status.ts'
import { writeStatus } from './status-file.ts'

const BUSY_MS = 300
const CALM_MS = 1_000
const WEBHOOK_PORT = 443

interface Supervised {
  readonly operator: Operator
  readonly post: Post
  forward?: Forward | undefined
  forwardProblem?: string | undefined
}

/** Keeps real processes behind the Deployments of the known operators until `signal`; ends them then. */
export async function supervise(world: SandboxWorld, signal: AbortSignal): Promise<void> {
  const home: OperatorHome = { world, api: await connectApi(world) }
  const supervised = new Map<string, Supervised>()
  // A sandbox whose folder is gone was removed behind our back.
  while (!signal.aborted && existsSync(world.dir)) {
    const problem = await round(home, supervised).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    if (existsSync(world.dir)) await writeStatus(world.dir, report(supervised, problem))
    const calm = [...supervised.values()].every((entry) => backingOf(entry).state === 'ready')
    await sleep(calm && problem === undefined ? CALM_MS : BUSY_MS, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all([...supervised.values()].map(retire))
  home.api.close()
}

/** One look at every operator; what goes wrong with one does not keep the others from being tended. */
async function round(home: OperatorHome, supervised: Map<string, Supervised>): Promise<void> {
  const problems: string[] = []
  for (const operator of OPERATORS) {
    await tendAll(home, operator, supervised).catch((error: unknown) => {
      problems.push(`${operator.title}: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
  if (problems.length > 0) throw new Error(problems.join('; '))
}

async function tendAll(
  home: OperatorHome,
  operator: OperatorDefinition,
  supervised: Map<string, Supervised>,
): Promise<void> {
  const found = (await deployedRoles(home.api, operator)).map((one) => [keyOf(one), one] as const)
  const wanted = new Set(found.map(([key]) => key))
  const gone = [...supervised].filter(([key, entry]) => entry.post.operator === operator && !wanted.has(key))
  for (const [key] of gone) supervised.delete(key)
  await Promise.all(gone.map(([, entry]) => retire(entry)))
  for (const [key, one] of found) {
    const entry = supervised.get(key) ?? { operator: createOperator(home, one), post: one }
    supervised.set(key, entry)
    await tend(home.api, entry, one)
  }
}

const keyOf = ({ operator, namespace, role }: Post): string => `${operator.tool}/${namespace}/${role}`

/** A Deployment that wants pods, with these. */
interface DeployedRole extends Post {
  readonly deployment: Deployment
  readonly pods: readonly Pod[]
}

async function deployedRoles(api: Api, operator: OperatorDefinition): Promise<readonly DeployedRole[]> {
  const selector = selectorOf(operator)
  const deployments = (await list<Deployment>(api, '/apis/apps/v1/deployments', selector)).filter(
    ({ metadata, spec }) => metadata.deletionTimestamp === undefined && spec.replicas !== 0,
  )
  if (deployments.length === 0) return []
  const pods = await list<Pod>(api, '/api/v1/pods', selector)
  return deployments.flatMap((deployment) => {
    const role = roleOf(operator, deployment.metadata.labels)
    if (role === undefined) return []
    const { namespace } = deployment.metadata
    const own = pods.filter(
      ({ metadata }) =>
        metadata.namespace === namespace &&
        metadata.deletionTimestamp === undefined &&
        roleOf(operator, metadata.labels) === role,
    )
    return [{ operator, role, namespace, deployment, pods: own }]
  })
}

async function list<Item>(api: Api, path: string, selector: string): Promise<readonly Item[]> {
  const answer = await api.call('GET', `${path}?labelSelector=${encodeURIComponent(selector)}`)
  if (answer.status !== 200) throw new Error(`GET ${path} answered ${answer.status}`)
  return (JSON.parse(answer.text) as { items: Item[] }).items
}

async function tend(api: Api, entry: Supervised, { deployment, pods }: DeployedRole): Promise<void> {
  await entry.operator.reconcile(deployment, pods)
  await tendForward(api, entry, deployment)
  for (const pod of pods) {
    const status = podStatus(pod, backingOf(entry), entry.operator.restarts())
    const { namespace, name } = pod.metadata
    // A pod that was deleted meanwhile answers 404: nothing to tell any more.
    if (status) await api.call('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, { status })
  }
}

/** A webhook that its Service does not reach is of no use to the cluster; the reason is one that a kubelet gives. */
function backingOf({ operator, forwardProblem }: Supervised): Backing {
  if (forwardProblem === undefined) return operator.backing()
  return { state: 'waiting', reason: 'CreateContainerError', message: forwardProblem }
}

/** The webhook's Service is reachable exactly while its process lives. */
async function tendForward(api: Api, entry: Supervised, deployment: Deployment): Promise<void> {
  const port = entry.operator.webhookPort()
  // A process that was replaced between two looks listens elsewhere.
  if (entry.forward !== undefined && entry.forward.targetPort === port) return
  await entry.forward?.close()
  entry.forward = undefined
  entry.forwardProblem = undefined
  if (port === undefined) return
  try {
    const clusterIp = await serviceAddress(api, deployment)
    if (clusterIp !== undefined) entry.forward = await forwardTo(clusterIp, WEBHOOK_PORT, port)
    entry.forwardProblem = clusterIp === undefined ? 'no Service selects the webhook' : undefined
  } catch (error) {
    entry.forwardProblem = error instanceof Error ? error.message : String(error)
  }
}

async function serviceAddress(api: Api, deployment: Deployment): Promise<string | undefined> {
  const answer = await api.call('GET', `/api/v1/namespaces/${deployment.metadata.namespace}/services`)
  if (answer.status !== 200) throw new Error(`the Services could not be listed (${answer.status})`)
  const labels = deployment.spec.template.metadata?.labels ?? {}
  const { items } = JSON.parse(answer.text) as { items: readonly Service[] }
  return items.find(({ spec }) => {
    const selector = Object.entries(spec.selector ?? {})
    const selects = selector.length > 0 && selector.every(([key, value]) => labels[key] === value)
    return selects && spec.ports?.some(({ port }) => port === WEBHOOK_PORT)
  })?.spec.clusterIP
}

async function retire({ operator, forward }: Supervised): Promise<void> {
  await forward?.close()
  await operator.stop()
}

function report(supervised: ReadonlyMap<string, Supervised>, problem: string | undefined) {
  const operators = [...supervised.values()].map(({ operator, forward, forwardProblem }) => {
    const status = operator.status(forward?.address)
    return forwardProblem === undefined ? status : { ...status, ready: false, reason: forwardProblem }
  })
  return { at: new Date().toISOString(), problem, operators }
}
