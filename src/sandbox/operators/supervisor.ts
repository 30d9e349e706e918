import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { type Api, connectApi } from '../control-plane/api.ts'
import type { SandboxWorld } from '../part.ts'
import { type Forward, forwardTo } from './forward.ts'
import { flagsInHelp } from './launch.ts'
import type { Deployment, Pod, Service } from './objects.ts'
import { createOperator, type Operator, type OperatorHome } from './operator.ts'
import { type Backing, podStatus } from './pod-status.ts'
import { ROLE_SELECTOR, ROLES, type Role, roleOf } from './roles.ts'
import { writeStatus } from './status-file.ts'

const BUSY_MS = 300
const CALM_MS = 1_000
const WEBHOOK_PORT = 443

interface Supervised {
  readonly operator: Operator
  readonly namespace: string
  readonly role: Role
  forward?: Forward | undefined
  forwardProblem?: string | undefined
}

/** Keeps real processes behind the Deployments of External Secrets until `signal`; ends them then. */
export async function supervise(world: SandboxWorld, binary: string, signal: AbortSignal): Promise<void> {
  const home: OperatorHome = { world, binary, api: await connectApi(world), known: await knownFlags(binary) }
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

async function knownFlags(binary: string): Promise<OperatorHome['known']> {
  const roles = Object.entries(ROLES) as [Role, (typeof ROLES)[Role]][]
  const entries = roles.map(async ([role, { command }]) => {
    const { stdout } = await execa(binary, [...command, '--help'])
    return [role, flagsInHelp(stdout)] as const
  })
  return Object.fromEntries(await Promise.all(entries)) as unknown as OperatorHome['known']
}

async function round(home: OperatorHome, supervised: Map<string, Supervised>): Promise<void> {
  const [deployments, pods] = await Promise.all([
    list<Deployment>(home.api, '/apis/apps/v1/deployments'),
    list<Pod>(home.api, '/api/v1/pods'),
  ])
  const wanted = new Set<string>()
  for (const deployment of deployments) {
    const role = roleOf(deployment.metadata.labels)
    if (role === undefined || deployment.metadata.deletionTimestamp !== undefined) continue
    if (deployment.spec.replicas === 0) continue
    const { namespace } = deployment.metadata
    const key = `${namespace}/${role}`
    wanted.add(key)
    const entry = supervised.get(key) ?? { operator: createOperator(home, role, namespace), namespace, role }
    supervised.set(key, entry)
    await tend(home.api, entry, { deployment, pods: pods.filter((pod) => isOf(pod, namespace, role)) })
  }
  const gone = [...supervised].filter(([key]) => !wanted.has(key))
  await Promise.all(gone.map(([, entry]) => retire(entry)))
  for (const [key] of gone) supervised.delete(key)
}

const isOf = (pod: Pod, namespace: string, role: Role): boolean =>
  pod.metadata.namespace === namespace && roleOf(pod.metadata.labels) === role

async function list<Item>(api: Api, path: string): Promise<readonly Item[]> {
  const answer = await api.call('GET', `${path}?labelSelector=${encodeURIComponent(ROLE_SELECTOR)}`)
  if (answer.status !== 200) throw new Error(`GET ${path} answered ${answer.status}`)
  return (JSON.parse(answer.text) as { items: Item[] }).items
}

async function tend(
  api: Api,
  entry: Supervised,
  { deployment, pods }: { readonly deployment: Deployment; readonly pods: readonly Pod[] },
): Promise<void> {
  const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  await entry.operator.reconcile(
    deployment,
    live.some((pod) => pod.spec.nodeName !== undefined),
  )
  await tendForward(api, entry, deployment)
  for (const pod of live) {
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
  if (port === undefined) {
    await entry.forward?.close()
    entry.forward = undefined
    entry.forwardProblem = undefined
    return
  }
  if (entry.forward !== undefined) return
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
