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
const SET = 'redis-redis-ha-server'

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

/** Takes a pod away, and waits until its controller has said that it may not make another. */
export async function refused(stage: Stage): Promise<void> {
  const since = Date.now() - 1_000
  await evict(stage)
  await seen('pods refused', async () => {
    const events = await stage.at.kube.list({ apiVersion: 'v1', kind: 'Event', namespace: 'litellm' })
    return events.some(
      (event) =>
        event.reason === 'FailedCreate' &&
        (event.involvedObject as { name?: string }).name === SET &&
        Date.parse(String(event.lastTimestamp ?? '')) > since,
    )
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
