import type { Observation } from '../src/engine/step.ts'
import { StepError } from '../src/errors.ts'
import type { KubeObject, LlmgwStep, ObjectRef, Services, StepContext } from '../src/ports/index.ts'
import { isDefaultClass, STORAGE_CLASS } from '../src/ports/storage-class.ts'
import { asObject, attributed, differences, objectDifferences, refOf, targetOf } from './desired.ts'
import { claim, ownerOf, ownLabels } from './ownership.ts'

const FILE = 'manifests/storage/storage-class.yaml'
/** Fields that the API server does not let anybody change. */
const FIXED = ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'] as const

interface Out {
  /** Class that volumes without a class get. */
  readonly className: string
}

const refTo = (ctx: Services): ObjectRef => ({ ...STORAGE_CLASS, name: ctx.config.storage.className })

async function wanted(ctx: Services): Promise<KubeObject> {
  const [document] = await ctx.assets.documents(FILE)
  const object = asObject(document, FILE)
  return { ...object, metadata: { ...object.metadata, name: ctx.config.storage.className, labels: ownLabels(ctx) } }
}

/** No default class, but one of our name. */
function markDefault(ctx: Services, object: KubeObject, live: KubeObject): Observation<Out> {
  const target = targetOf(refTo(ctx))
  const adopted = claim(ctx, target, ownerOf(live.metadata.labels)) === 'adopt'
  const fixed = FIXED.flatMap((field) => differences(object[field], live[field], field))
  const fields = objectDifferences(object.metadata.annotations, live, ['metadata', 'annotations'])
  const changes = [attributed({ action: adopted ? 'adopt' : 'update', target, fields })]
  if (adopted || fixed.length === 0) return { state: 'drifted', changes }
  return {
    state: 'broken',
    cause: {
      code: 'StorageClassDiffers',
      message: `${target} is ours, but differs in fields that cannot be changed: ${fixed.map(({ path }) => path).join(', ')}`,
      evidence: fixed.map(({ path, before, after }) => `${path}: found ${before ?? 'nothing'}, wanted ${after}`),
      hint: `volumes stay when the class goes: kubectl delete storageclass ${object.metadata.name}, then run again`,
    },
    changes,
  }
}

/** What is there stays: these fields are immutable. */
function fixedOf(live: KubeObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(FIXED.map((field) => [field, live[field]]))
}

async function observe(ctx: StepContext): Promise<Observation<Out>> {
  const classes = await ctx.kube.list(STORAGE_CLASS, ctx.signal)
  const standard = classes.find(isDefaultClass)
  if (standard) return { state: 'current', out: { className: standard.metadata.name } }
  const object = await wanted(ctx)
  const live = classes.find(({ metadata }) => metadata.name === object.metadata.name)
  if (live) return markDefault(ctx, object, live)
  const detail = 'the cluster has no default class; this one is encrypted gp3 and becomes the default'
  return { state: 'missing', changes: [{ action: 'create', target: targetOf(refTo(ctx)), detail }] }
}

/** An encrypted gp3 class where the cluster has no default class. */
export const storage: LlmgwStep<Out> = {
  id: 'storage',
  title: 'Provide a default storage class',
  component: 'storage',
  needs: [],
  off: ({ config }) => (config.storage.manage === 'off' ? 'storage.manage is off' : undefined),
  check: observe,

  async apply(ctx, seen) {
    if (seen.state === 'broken') throw new StepError(seen.cause.code, seen.cause.message, { hint: seen.cause.hint })
    const object = await wanted(ctx)
    const live = await ctx.kube.find(refOf(object), ctx.signal)
    const submitted = live ? { ...object, ...fixedOf(live) } : object
    await ctx.kube.apply(submitted, { force: true, signal: ctx.signal })
  },

  owns: async (ctx) => [targetOf(refTo(ctx))],

  async view(ctx) {
    const classes = await ctx.kube.list(STORAGE_CLASS, ctx.signal)
    const lines = classes.map(
      (one) => `${one.metadata.name}${isDefaultClass(one) ? ' (default)' : ''}: ${String(one.provisioner)}`,
    )
    return lines.length === 0 ? 'no storage class' : lines.join('\n')
  },

  async destroy(ctx) {
    const live = await ctx.kube.find(refTo(ctx), ctx.signal)
    if (live === undefined || ownerOf(live.metadata.labels) !== ctx.config.deployment) return
    const claims = await ctx.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' }, ctx.signal)
    const users = claims.filter(
      (one) => (one.spec as { storageClassName?: string }).storageClassName === live.metadata.name,
    )
    if (users.length > 0) {
      return ctx.report(`storageclass ${live.metadata.name} is left: ${users.length} volume claims still use it`)
    }
    await ctx.kube.remove(refTo(ctx), { signal: ctx.signal })
  },
}
