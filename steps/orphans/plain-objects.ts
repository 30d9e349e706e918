import type { KubeObject } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { removeOwn } from '../plain-objects.ts'
import type { OrphanSearch } from './orphan.ts'
import { ownSelector } from './own-selector.ts'

const MONITORING = 'monitoring.coreos.com/v1'
const KINDS = [
  ['v1', 'ConfigMap'],
  [MONITORING, 'PrometheusRule'],
  [MONITORING, 'ServiceMonitor'],
  [MONITORING, 'PodMonitor'],
] as const

/** Dashboards, alert rules and monitors of what is not deployed any more. */
export const monitoringObjects: OrphanSearch = {
  what: 'dashboards, alert rules and monitors',
  prunable: true,
  async find(ctx, wanted) {
    const labelSelector = ownSelector(ctx)
    const lists = await Promise.all(
      KINDS.map(([apiVersion, kind]) =>
        ctx.kube.list({ apiVersion, kind, labelSelector, metadataOnly: true }, ctx.signal),
      ),
    )
    const isOrphaned = (object: KubeObject) =>
      !wanted.has(targetOf(refOf(object))) && object.metadata.deletionTimestamp === undefined
    return lists
      .flat()
      .filter(isOrphaned)
      .map((object) => ({
        target: targetOf(refOf(object)),
        rank: 'other' as const,
        remove: (step) => removeOwn(step, object),
      }))
  },
}
