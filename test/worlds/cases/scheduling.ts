import type { ObjectRef } from '../../../src/ports/index.ts'
import { evict, objectOf, POD, seen } from '../acts.ts'
import type { Stage, World } from '../world.ts'

async function nodes({ at }: Stage, spec: Readonly<Record<string, unknown>>): Promise<void> {
  for (const { metadata } of await at.kube.list({ apiVersion: 'v1', kind: 'Node' }))
    await at.kube.patch({ apiVersion: 'v1', kind: 'Node', name: metadata.name }, { spec })
}

/** A pod of LiteLLM's that the scheduler has given up on. */
async function unscheduled({ at }: Stage): Promise<boolean> {
  const pods = await at.kube.list({ apiVersion: 'v1', kind: 'Pod', namespace: 'litellm' })
  return pods.some(({ status }) => {
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string; reason?: string }[] }
    return conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable')
  })
}

const PROXY: ObjectRef = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: 'litellm',
  name: 'redis-redis-ha-haproxy',
}
const selecting = ({ at }: Stage, nodeSelector: Readonly<Record<string, string>> | null) =>
  at.kube.patch(PROXY, { spec: { template: { spec: { nodeSelector } } } })

const CLAIM: ObjectRef = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  namespace: 'litellm',
  name: `data-${POD.name}`,
}
const STORAGE_CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }

/** Pod and claim are gone, and the controller makes both again. */
async function withoutClaim(stage: Stage, between: () => Promise<unknown>): Promise<void> {
  const { kube } = stage.at
  const before = await kube.find(CLAIM)
  await kube.remove(CLAIM)
  await kube.remove(POD)
  await seen('the claim gone', async () => (await kube.find(CLAIM))?.metadata.uid !== before?.metadata.uid)
  await between()
}

const said = (stage: Stage, pattern: RegExp) =>
  seen(`an event: ${pattern}`, async () => {
    const events = await stage.at.kube.list({ apiVersion: 'v1', kind: 'Event', namespace: 'litellm' })
    const since = Date.now() - 60_000
    return events.some(
      ({ message, lastTimestamp, eventTime }) =>
        pattern.test(String(message)) && Date.parse(String(lastTimestamp ?? eventTime ?? '')) > since,
    )
  })

/** Pods that find no place, or no volume. */
export const schedulingWorlds: readonly World[] = [
  {
    name: 'every node is cordoned',
    make: async (stage) => {
      await nodes(stage, { unschedulable: true })
      await evict(stage)
    },
    undo: (stage) => nodes(stage, { unschedulable: false }),
    exit: 1,
    code: 'NoNode',
    root: /all \d+ nodes are cordoned, so Pod litellm\/redis-redis-ha-server-0 finds none/,
  },
  {
    name: 'every node has a taint that the pods do not tolerate',
    make: async (stage) => {
      await nodes(stage, { taints: [{ key: 'team', value: 'data', effect: 'NoSchedule' }] })
      await evict(stage)
    },
    undo: (stage) => nodes(stage, { taints: null }),
    exit: 1,
    code: 'NoNode',
    root: /all \d+ nodes have taints that it does not tolerate \(team=data:NoSchedule\), so Pod litellm\/redis-redis-ha-server-0 finds none/,
  },
  {
    name: 'a pod asks for more than any node has',
    make: async () => undefined,
    command: 'deploy litellm',
    touches: /litellm\/(litellm|sh\.helm\.release\.v1\.litellm)/,
    settings: {
      components: {
        litellm: {
          values: { gateway: { resources: { requests: { memory: '900Gi' }, limits: { memory: '900Gi' } } } },
        },
      },
    },
    seen: unscheduled,
    // The scheduler's words. Source: k8s.io/kubernetes pkg/scheduler/framework/types.go, FitError.
    early: /finds no node yet: 0\/\d+ nodes are available: .*Insufficient memory/,
    exit: 1,
    code: 'NoNode',
    root: /it asks for \d+Mi of memory, and the largest node has \d+Mi, so Pod litellm\/litellm-\S+ finds none/,
  },
  {
    name: 'no node has the label that a pod selects',
    make: async (stage) => {
      await selecting(stage, { pool: 'gpu' })
      await seen('a pod without a node', () => unscheduled(stage))
    },
    undo: (stage) => selecting(stage, null),
    command: 'diagnose redis',
    exit: 1,
    code: 'NoNode',
    root: /no node has the labels pool=gpu that it selects, so Pod litellm\/redis-redis-ha-haproxy-\S+ finds none/,
  },
  {
    name: 'there is no default StorageClass',
    make: async (stage) => {
      for (const { metadata } of await stage.at.kube.list(STORAGE_CLASS))
        await stage.at.kube.remove({ ...STORAGE_CLASS, name: metadata.name })
      await withoutClaim(stage, () => said(stage, /no storage class is set/))
    },
    exit: 1,
    code: 'VolumeNotBound',
    root: /PersistentVolumeClaim litellm\/data-redis-redis-ha-server-0 gets no volume: .*no storage class is set/,
  },
  {
    name: 'the StorageClass of a volume does not exist',
    make: (stage) =>
      withoutClaim(stage, async () => {
        const spec = {
          storageClassName: 'io2-gone',
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '10Gi' } },
        }
        await stage.at.kube.remove(CLAIM)
        await stage.at.kube.remove(POD)
        await seen('a claim by hand', async () => {
          await stage.at.kube.create(objectOf(CLAIM, { spec })).catch(() => undefined)
          const found = await stage.at.kube.find(CLAIM)
          if (found?.metadata.deletionTimestamp !== undefined) return false
          const is = (found?.spec as { storageClassName?: string } | undefined)?.storageClassName
          if (found && is !== 'io2-gone') {
            await stage.at.kube.remove(CLAIM)
            await stage.at.kube.remove(POD)
          }
          return is === 'io2-gone'
        })
        await said(stage, /io2-gone/)
      }),
    undo: async (stage) => {
      await stage.at.kube.remove(CLAIM)
      await stage.at.kube.remove(POD)
    },
    exit: 1,
    code: 'VolumeNotBound',
    root: /PersistentVolumeClaim litellm\/data-redis-redis-ha-server-0 gets no volume: .*storageclass\S* "io2-gone" not found/,
  },
]
