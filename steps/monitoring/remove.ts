import type { KubeObject, StepContext } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import { RELEASES } from '../names.ts'
import { KUBELET_SERVICE } from './services.ts'

const KINDS = new Set(['Prometheus', 'Alertmanager'])

/**
 * Removes what the operator watches over while it is still there: it may hold a finalizer on it, which nobody would
 * clear once Helm has uninstalled both.
 */
export async function removeOperatorObjects(ctx: StepContext): Promise<void> {
  const record = await ctx.helm.find(RELEASES.monitoring.name, ctx.config.namespaces.monitoring, ctx.signal)
  if (record?.deployment !== ctx.config.deployment) return
  await Promise.all(record.manifest.filter(({ kind }) => KINDS.has(kind)).map((object) => removeAndWait(ctx, object)))
}

async function removeAndWait(ctx: StepContext, object: KubeObject): Promise<void> {
  const ref = refOf(object)
  const live = await ctx.kube.find(ref, ctx.signal)
  if (live === undefined) return
  const { uid } = live.metadata
  await ctx.kube.remove(ref, { ...(uid && { uid }), signal: ctx.signal })
  const { apiVersion, kind, name, namespace } = ref
  const query = { apiVersion, kind, namespace, fieldSelector: `metadata.name=${name}` }
  for await (const [left] of ctx.kube.watch(query, ctx.signal)) {
    if (left === undefined || left.metadata.uid !== uid) return
    ctx.report(`waiting for the operator to release ${targetOf(ref)}`)
  }
}

/** Removes what the operator made outside of its namespace; a Service of that name that is somebody else's stays. */
export async function removeTraces(ctx: StepContext): Promise<void> {
  const record = await ctx.helm.find(RELEASES.monitoring.name, ctx.config.namespaces.monitoring, ctx.signal)
  if (record !== undefined) return
  const live = await ctx.kube.find(KUBELET_SERVICE, ctx.signal)
  if (live?.metadata.labels?.['app.kubernetes.io/managed-by'] !== 'prometheus-operator') return
  await ctx.kube.remove(KUBELET_SERVICE, { signal: ctx.signal })
}
