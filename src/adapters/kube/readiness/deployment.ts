import type { KubeObject, ListQuery } from '../../../ports/kube.ts'
import { failedCreate } from './failed-create.ts'
import { firstFailure, podsIn, withTrouble } from './pods.ts'
import {
  aboutOf,
  conditionOf,
  count,
  failed,
  isUnobserved,
  pathOf,
  progressing,
  READY,
  type Reader,
  type Scene,
  specOf,
  statusOf,
  type Verdict,
} from './reader.ts'
import { around, podsOf } from './workload-pods.ts'

const REVISION = 'deployment.kubernetes.io/revision'
const TEMPLATE_HASH = 'pod-template-hash'

const replicaSetsIn = (namespace: string | undefined): ListQuery => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  namespace,
})

/** Ready when the newest spec is observed and all its replicas, and no older ones, are available. */
export const deployment: Reader = {
  needs: (object) => [...around(object), replicaSetsIn(object.metadata.namespace)],
  read(object, scene) {
    if (isUnobserved(object)) return progressing('waiting for its controller')
    const status = statusOf(object)
    const wanted = count(specOf(object), 'replicas', 1)
    const updated = count(status, 'updatedReplicas')
    const available = count(status, 'availableReplicas')
    const old = count(status, 'replicas') - updated
    if (updated >= wanted && available >= wanted && old <= 0) return READY
    const words = line({ wanted, updated, available, old })
    return explain(object, scene) ?? progressing(withTrouble(words, newestPods(object, scene), scene))
  },
}

function line({ wanted, updated, available, old }: Record<'wanted' | 'updated' | 'available' | 'old', number>): string {
  const rest = updated < wanted ? `, ${updated} updated` : old > 0 ? `, ${old} old to end` : ''
  return `${available}/${wanted} ready${rest}`
}

function explain(object: KubeObject, scene: Scene): Verdict | undefined {
  const refused = conditionOf(object, 'ReplicaFailure')
  const { message = '', lastTransitionTime: at } = refused ?? {}
  const refusal = refused?.status === 'True' ? failedCreate(object, { message, at, scene }) : undefined
  return refusal ?? firstFailure(newestPods(object, scene), scene) ?? deadlineExceeded(object)
}

/** Pods of the newest revision: what the old ones suffer from is being replaced. */
function newestPods(object: KubeObject, scene: Scene): KubeObject[] {
  const pods = podsOf(object, scene.of(podsIn(object.metadata.namespace)))
  const newest = scene
    .of(replicaSetsIn(object.metadata.namespace))
    .filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid))
    .sort((one, other) => revision(other) - revision(one))[0]
  const hash = newest?.metadata.labels?.[TEMPLATE_HASH]
  return hash === undefined ? pods : pods.filter((pod) => pod.metadata.labels?.[TEMPLATE_HASH] === hash)
}

const revision = (set: KubeObject): number => Number(set.metadata.annotations?.[REVISION] ?? 0)

function deadlineExceeded(object: KubeObject): Verdict | undefined {
  const condition = conditionOf(object, 'Progressing')
  if (condition?.status !== 'False' || condition.reason !== 'ProgressDeadlineExceeded') return undefined
  return failed({
    code: 'ProgressDeadlineExceeded',
    about: aboutOf(object),
    message: `Deployment ${pathOf(object)} made no progress within its own deadline`,
    evidence: [condition.message ?? ''],
    hint: `kubectl describe deployment ${object.metadata.name} -n ${object.metadata.namespace}`,
  })
}
