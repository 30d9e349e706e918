import { StepError } from '../../src/errors.ts'
import type { KubeObject, ReleaseRecord, StepContext } from '../../src/ports/index.ts'
import { refOf } from '../desired.ts'
import { durationMs } from '../names.ts'
import { removeAndWait } from '../remove-and-wait.ts'
import { claimsOf, releaseTarget } from './definition.ts'
import { refuseForeignResources } from './foreign-resources.ts'

const CRD = 'CustomResourceDefinition'

/** Uninstalls a release of ours; keeps its CRDs and volumes unless asked to remove them. */
export async function removeRelease(ctx: StepContext, name: string, namespace: string): Promise<void> {
  const record = await ctx.helm.find(name, namespace, ctx.signal)
  if (record === undefined) return
  if (record.deployment !== ctx.config.deployment) {
    return ctx.report(`${releaseTarget(record)} is left: its owner is ${record.deployment ?? 'nobody'}`)
  }
  const crds = record.manifest.filter(({ kind }) => kind === CRD)
  if (ctx.options.destroy.crds) await removeResources(ctx, crds)
  else refuseToDrag(record, crds)
  const timeoutMs = durationMs(ctx.config.timeouts.helm)
  await ctx.helm.uninstall(name, namespace, { timeoutMs, signal: ctx.signal })
  // One that is still going would take along what the next deploy writes into it.
  if (ctx.options.destroy.crds) await Promise.all(crds.map((crd) => removeAndWait(ctx, refOf(crd))))
  await removeVolumes(ctx, record)
}

/** While their operator is there: it may hold finalizers on them, which nobody would clear once it is uninstalled. */
async function removeResources(ctx: StepContext, crds: readonly KubeObject[]): Promise<void> {
  const resources = await refuseForeignResources(ctx, crds)
  await Promise.all(resources.map((resource) => removeAndWait(ctx, refOf(resource))))
}

/** A CRD that is a template goes with the release, and every resource of its kind with it, unless it is marked. */
function refuseToDrag(record: ReleaseRecord, crds: readonly KubeObject[]): void {
  const dragged = crds.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] !== 'keep')
  if (dragged.length === 0) return
  throw new StepError(
    'CrdsNotKept',
    `uninstalling ${releaseTarget(record)} would delete ${dragged.length} CRDs and every resource of their kinds`,
    {
      cause: dragged.map(({ metadata }) => metadata.name),
      hint: 'deploy this component once, which marks them to be kept, or remove them with --delete-crds',
    },
  )
}

async function removeVolumes(ctx: StepContext, record: ReleaseRecord): Promise<void> {
  const made = claimsOf(record.manifest, record.namespace)
  const kept = record.manifest.filter(isKeptClaim).map((claim) => ({ ...refOf(claim), namespace: record.namespace }))
  const claims = [...made, ...kept]
  if (claims.length === 0) return
  if (!ctx.options.destroy.volumes) {
    return ctx.report(`${claims.length} volumes are kept: ${claims.map(({ name }) => name).join(', ')}`)
  }
  await Promise.all(claims.map((claim) => ctx.kube.remove(claim, { signal: ctx.signal })))
}

/** A claim of the chart itself, which Helm leaves where it is. */
const isKeptClaim = ({ kind, metadata }: KubeObject) =>
  kind === 'PersistentVolumeClaim' && metadata.annotations?.['helm.sh/resource-policy'] === 'keep'
