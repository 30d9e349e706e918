import type { StepContext } from '../../src/ports/index.ts'
import { refOf } from '../desired.ts'
import { RELEASES } from '../names.ts'
import { removeAndWait } from '../remove-and-wait.ts'
import { KUBELET_SERVICE } from './services.ts'

const KINDS = new Set(['Prometheus', 'Alertmanager'])

/**
 * Removes what the operator watches over while it is still there: it may hold a finalizer on it, which nobody would
 * clear once Helm has uninstalled both.
 */
export async function removeOperatorObjects(ctx: StepContext): Promise<void> {
  const record = await ctx.helm.find(RELEASES.monitoring.name, ctx.config.namespaces.monitoring, ctx.signal)
  if (record?.deployment !== ctx.config.deployment) return
  await Promise.all(
    record.manifest.filter(({ kind }) => KINDS.has(kind)).map((object) => removeAndWait(ctx, refOf(object))),
  )
}

/** Removes what the operator made outside of its namespace; a Service of that name that is somebody else's stays. */
export async function removeTraces(ctx: StepContext): Promise<void> {
  const record = await ctx.helm.find(RELEASES.monitoring.name, ctx.config.namespaces.monitoring, ctx.signal)
  if (record !== undefined) return
  const live = await ctx.kube.find(KUBELET_SERVICE, ctx.signal)
  if (live?.metadata.labels?.['app.kubernetes.io/managed-by'] !== 'prometheus-operator') return
  await ctx.kube.remove(KUBELET_SERVICE, { signal: ctx.signal })
}
