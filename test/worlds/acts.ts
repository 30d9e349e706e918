import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'
import { until } from '../sandbox-aws/kube.ts'
import type { Stage } from './world.ts'

/** The pod that most worlds take away, so that its controller has to make it anew. */
export const POD: ObjectRef = {
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: 'litellm',
  name: 'redis-redis-ha-server-0',
}
const OWNERS = { server: 'redis-redis-ha-server', haproxy: 'redis-redis-ha-haproxy', litellm: 'litellm' }

export const seen = async (what: string, holds: () => Promise<boolean>): Promise<true> =>
  await until(what, async () => ((await holds()) ? true : undefined), 90_000)

export const objectOf = ({ name, namespace, ...kind }: ObjectRef, rest: object = {}): KubeObject => ({
  ...kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  ...rest,
})

/** Takes a pod away, so that its controller has to make it anew. */
export async function evict({ at }: Stage): Promise<void> {
  const before = await at.kube.find(POD)
  await at.kube.remove(POD)
  await seen('the pod gone', async () => (await at.kube.find(POD))?.metadata.uid !== before?.metadata.uid)
}

interface Owned {
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[]
}

/**
 * Takes a pod away, and waits until its controller has said that it may not make another. Kubernetes drops what is said
 * too often of one object (25 events, then one in five minutes), so worlds take turns with the controllers.
 * Source: k8s.io/client-go tools/record, EventSourceObjectSpamFilter.
 */
export async function refused(stage: Stage, owner: 'server' | 'haproxy' | 'litellm' = 'server'): Promise<void> {
  const since = Date.now() - 1_000
  const name = OWNERS[owner]
  const isOwner = (kind: string, candidate: string) =>
    /^(StatefulSet|ReplicaSet)$/.test(kind) && (candidate === name || candidate.replace(/-[^-]+$/, '') === name)
  const pods = await stage.at.kube.list({ apiVersion: 'v1', kind: 'Pod', namespace: 'litellm' })
  const pod = pods.find(({ metadata }) =>
    (metadata as Owned).ownerReferences?.some((one) => isOwner(one.kind, one.name)),
  )
  if (!pod) throw new Error(`no pod of ${name}`)
  await stage.at.kube.remove({ ...POD, name: pod.metadata.name })
  await seen('pods refused', async () => {
    const events = await stage.at.kube.list({ apiVersion: 'v1', kind: 'Event', namespace: 'litellm' })
    return events.some((event) => {
      const about = event.involvedObject as { readonly kind: string; readonly name: string }
      const isNew = Date.parse(String(event.lastTimestamp ?? '')) > since
      return event.reason === 'FailedCreate' && isOwner(about.kind, about.name) && isNew
    })
  })
}

/** A condition of the object that is so. */
export const conditionIs = (stage: Stage, ref: ObjectRef, type: string, is: 'True' | 'False') =>
  seen(`${ref.kind} ${ref.name}: ${type} ${is}`, async () => {
    const { conditions = [] } = ((await stage.at.kube.find(ref))?.status ?? {}) as {
      conditions?: { type: string; status: string }[]
    }
    return conditions.some((condition) => condition.type === type && condition.status === is)
  })
