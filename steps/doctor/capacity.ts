import type { KubeObject, ReleaseRecord } from '../../src/ports/index.ts'
import { bytesOf, coresOf } from '../../src/ports/quantity.ts'
import type { PodShape } from '../helm-release/definition.ts'
import type { ReleaseStep } from '../helm-release.ts'
import type { DoctorCheck, DoctorContext, Finding } from './finding.ts'
import { type Amount, type RoomyNode, reserved, schedulableNodes, sum } from './nodes.ts'

interface Wanted {
  readonly name: string
  readonly amount: Amount
}

/** The pods of these releases find room beside those of others; what already runs of ours makes room for itself. */
export function capacity(releases: readonly ReleaseStep[]): DoctorCheck {
  return {
    id: 'capacity',
    title: 'Room on the nodes',
    asks: 'cluster',
    async run(ctx) {
      const chosen = releases.filter((step) => step.off?.(ctx) === undefined)
      const [wanted, own, nodes, pods, pools] = await Promise.all([
        Promise.all(chosen.map((step) => podsOf(ctx, step))).then((all) => all.flat()),
        Promise.all(chosen.map((step) => ownWorkloads(ctx, step))).then((all) => new Set(all.flat())),
        schedulableNodes(ctx),
        ctx.kube.list({ apiVersion: 'v1', kind: 'Pod' }, ctx.signal),
        ctx.kube.list({ apiVersion: 'karpenter.sh/v1', kind: 'NodePool' }, ctx.signal),
      ])
      const others = pods.filter((pod) => !own.has(workloadOf(pod)))
      return judge(wanted, freeOf(nodes, others), pools.length > 0)
    },
  }
}

async function podsOf(ctx: DoctorContext, step: ReleaseStep): Promise<readonly Wanted[]> {
  const { name, values } = await step.spec(ctx)
  return step
    .pods(values)
    .flatMap((shape) =>
      Array.from({ length: shape.replicas }, () => ({ name: `${name}: ${shape.name}`, amount: ask(shape) })),
    )
}

const ask = ({ containers }: PodShape): Amount => ({
  ...sum(
    containers.map(({ requests = {} }) => ({
      cores: coresOf(requests.cpu ?? '0'),
      bytes: bytesOf(requests.memory ?? '0'),
      pods: 0,
    })),
  ),
  pods: 1,
})

/** `namespace/Kind/name` of the workloads that a release has now. */
async function ownWorkloads(ctx: DoctorContext, step: ReleaseStep): Promise<readonly string[]> {
  const { name, namespace } = await step.spec(ctx)
  const record: ReleaseRecord | undefined = await ctx.helm.find(name, namespace, ctx.signal)
  return (record?.manifest ?? []).map(
    ({ kind, metadata }) => `${metadata.namespace ?? namespace}/${kind}/${metadata.name}`,
  )
}

/** The workload that a pod belongs to; a ReplicaSet is named after its Deployment and a hash. */
function workloadOf({ metadata }: KubeObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)
  const [kind, name] =
    owner?.kind === 'ReplicaSet' ? ['Deployment', owner.name.replace(/-[^-]+$/, '')] : [owner?.kind, owner?.name]
  return `${metadata.namespace}/${kind}/${name}`
}

function freeOf(nodes: readonly RoomyNode[], pods: readonly KubeObject[]): readonly Amount[] {
  const taken = pods.flatMap((pod) => reserved(pod) ?? [])
  return nodes.map(({ name, allocatable }) => {
    const used = sum(taken.filter(({ node }) => node === name).map(({ amount }) => amount))
    return {
      cores: Math.max(0, allocatable.cores - used.cores),
      bytes: Math.max(0, allocatable.bytes - used.bytes),
      pods: Math.max(0, allocatable.pods - used.pods),
    }
  })
}

function judge(wanted: readonly Wanted[], free: readonly Amount[], growing: boolean): Finding {
  const needed = sum(wanted.map(({ amount }) => amount))
  const room = sum(free)
  const evidence = `needed ${words(needed)}; free on ${free.length} schedulable nodes: ${words(room)}`
  const fix = 'add nodes, or free what others request: kubectl describe nodes'
  const homeless = placed(wanted, free)
  if (homeless === undefined) return { result: 'pass', evidence }
  if (growing)
    return {
      result: 'warn',
      evidence: `${evidence}; Karpenter has NodePools and may add nodes`,
      fix: 'kubectl get nodepools',
    }
  if (!fits(needed, room)) return { result: 'fail', evidence, fix }
  return { result: 'warn', evidence: `${evidence}; no single node may have room for a pod of ${homeless}`, fix }
}

/** First fit, largest first, as far as a scheduler does without moving pods; the name of one that finds no node. */
function placed(wanted: readonly Wanted[], free: readonly Amount[]): string | undefined {
  const left = [...free]
  const largestFirst = [...wanted].sort((a, b) => b.amount.bytes - a.amount.bytes || b.amount.cores - a.amount.cores)
  for (const { name, amount } of largestFirst) {
    const at = left.findIndex((node) => fits(amount, node))
    const node = left[at]
    if (node === undefined) return name
    left[at] = { cores: node.cores - amount.cores, bytes: node.bytes - amount.bytes, pods: node.pods - amount.pods }
  }
  return undefined
}

/** Sums of decimal fractions miss by a hair. */
const HAIR = 1e-6

const fits = (asked: Amount, room: Amount): boolean =>
  asked.cores <= room.cores + HAIR && asked.bytes <= room.bytes && asked.pods <= room.pods

const words = ({ cores, bytes, pods }: Amount): string =>
  `${Number(cores.toFixed(2))} CPU, ${(bytes / 2 ** 30).toFixed(1)} GiB, ${pods} pods`
