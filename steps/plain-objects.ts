import type { ComponentName, Config } from '../src/config/schema.ts'
import type { Change, FieldChange, Need, Observation } from '../src/engine/step.ts'
import type { KubeObject, LlmgwStep, Services, StepContext } from '../src/ports/index.ts'
import { differences, refOf, targetOf } from './desired.ts'
import { claim, ownerOf } from './ownership.ts'

/** What tells one set of plain objects from another. */
export interface PlainObjects {
  readonly id: string
  readonly title: string
  readonly component: ComponentName
  readonly needs: readonly Need<Services>[]
  readonly off?: (config: Config) => string | undefined
  /** The objects as they have to be, with the labels of ownership. */
  readonly objects: (ctx: Services) => Promise<readonly KubeObject[]>
}

/** A step that keeps objects as they are wanted which nobody has to wait for: they are ready when they are there. */
export function plainObjects(definition: PlainObjects): LlmgwStep {
  const { id, title, component, needs, off, objects } = definition
  return {
    id,
    title,
    component,
    needs,
    ...(off && { off: ({ config }) => off(config) }),
    check: (ctx) => observe(ctx, objects),

    async apply(ctx) {
      for (const { object, change } of await compareAll(ctx, objects))
        if (change) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
    },

    owns: async (ctx) => (await objects(ctx)).map((object) => targetOf(refOf(object))),

    async view(ctx) {
      const lines = (await compareAll(ctx, objects)).map(({ object, live }) => {
        const { namespace, name } = object.metadata
        const found = live === undefined ? 'not there' : `owner ${ownerOf(live.metadata.labels) ?? 'nobody'}`
        return `${object.kind} ${namespace}/${name}: ${found}`
      })
      return lines.join('\n')
    },

    async destroy(ctx) {
      await Promise.all((await objects(ctx)).map((object) => removeOwn(ctx, object)))
    },
  }
}

/** Removes an object of ours; one of others is left, and said. */
export async function removeOwn(ctx: StepContext, object: KubeObject): Promise<void> {
  const ref = refOf(object)
  const live = await ctx.kube.find(ref, ctx.signal)
  if (live === undefined) return
  const { uid, labels } = live.metadata
  if (ownerOf(labels) !== ctx.config.deployment) return ctx.report(`${targetOf(ref)} is left: it is not ours`)
  await ctx.kube.remove(ref, { ...(uid && { uid }), signal: ctx.signal })
}

async function observe(ctx: StepContext, objects: PlainObjects['objects']): Promise<Observation<void>> {
  const compared = await compareAll(ctx, objects)
  const changes = compared.flatMap(({ change }) => change ?? [])
  if (compared.some(({ live }) => live === undefined)) return { state: 'missing', changes }
  return changes.length > 0 ? { state: 'drifted', changes, out: undefined } : { state: 'current', out: undefined }
}

async function compareAll(ctx: StepContext, objects: PlainObjects['objects']) {
  const wanted = await objects(ctx)
  return await Promise.all(
    wanted.map(async (object) => {
      const live = await ctx.kube.find(refOf(object), ctx.signal)
      return { object, live, change: changeOf(ctx, object, live) }
    }),
  )
}

function changeOf(ctx: StepContext, object: KubeObject, live: KubeObject | undefined): Change | undefined {
  const target = targetOf(refOf(object))
  if (live === undefined) return { action: 'create', target }
  const fields = differences(contents(object), contents(live)).map(shortened)
  if (claim(ctx, target, ownerOf(live.metadata.labels)) === 'adopt') return { action: 'adopt', target, fields }
  return fields.length === 0 ? undefined : { action: 'update', target, fields }
}

/** What such an object says, without what the API server adds. */
function contents({
  apiVersion: _version,
  kind: _kind,
  metadata,
  ...rest
}: KubeObject): Readonly<Record<string, unknown>> {
  const { labels, annotations } = metadata
  return { metadata: { ...(labels && { labels }), ...(annotations && { annotations }) }, ...rest }
}

/** A whole dashboard is no line of a plan. */
const LONGEST = 120

function shortened({ path, before, after }: FieldChange): FieldChange {
  const short = (text: string): string => (text.length > LONGEST ? `${text.length} characters` : text)
  return {
    path,
    ...(before === undefined ? {} : { before: short(before) }),
    ...(after === undefined ? {} : { after: short(after) }),
  }
}
