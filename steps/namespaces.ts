import type { Change } from '../src/engine/step.ts'
import type { KubeObject, LlmgwStep, Services, StepContext } from '../src/ports/index.ts'
import { attributed, objectDifferences, targetOf } from './desired.ts'
import { namespaceNames } from './names.ts'
import { inhabitants } from './namespaces/inhabitants.ts'
import { NAMESPACE, namespaceRef, wantedNamespaces } from './namespaces/wanted.ts'
import { claim, ownerOf } from './ownership.ts'

function changeOf(ctx: Services, object: KubeObject, live: KubeObject | undefined): Change | undefined {
  const target = targetOf(namespaceRef(object.metadata.name))
  if (live === undefined) return { action: 'create', target }
  const fields = objectDifferences(object.metadata.labels, live, ['metadata', 'labels'])
  if (claim(ctx, target, ownerOf(live.metadata.labels)) === 'adopt') return { action: 'adopt', target, fields }
  return fields.length === 0 ? undefined : attributed({ action: 'update', target, fields })
}

function stuckOn(namespace: KubeObject): readonly string[] {
  const status = namespace.status as { conditions?: { status: string; message?: string }[] } | undefined
  return (status?.conditions ?? []).filter((one) => one.status === 'True').flatMap(({ message }) => message ?? [])
}

/** The namespaces of the configuration, with Pod Security levels. */
export const namespaces: LlmgwStep = {
  id: 'namespaces',
  title: 'Create namespaces',
  component: 'namespaces',
  needs: [],

  async check(ctx) {
    const [objects, all] = await Promise.all([wantedNamespaces(ctx), ctx.kube.list(NAMESPACE, ctx.signal)])
    const live = new Map(all.map((namespace) => [namespace.metadata.name, namespace]))
    const changes = objects.flatMap((object) => changeOf(ctx, object, live.get(object.metadata.name)) ?? [])
    const ending = objects
      .flatMap(({ metadata }) => live.get(metadata.name) ?? [])
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    const [first] = ending
    if (first) {
      const names = ending.map(({ metadata }) => metadata.name).join(', ')
      return {
        state: 'broken',
        cause: {
          code: 'NamespaceTerminating',
          message: `being deleted: ${names}`,
          evidence: ending.flatMap(stuckOn),
          hint: `wait until it is gone, then run again; what holds it: kubectl get namespace ${first.metadata.name} -o yaml`,
        },
        changes,
      }
    }
    if (changes.some(({ action }) => action === 'create')) return { state: 'missing', changes }
    return changes.length > 0 ? { state: 'drifted', changes } : { state: 'current', out: undefined }
  },

  async apply(ctx) {
    const [objects, all] = await Promise.all([wantedNamespaces(ctx), ctx.kube.list(NAMESPACE, ctx.signal)])
    const live = new Map(all.map((namespace) => [namespace.metadata.name, namespace]))
    const differing = objects.filter((object) => changeOf(ctx, object, live.get(object.metadata.name)) !== undefined)
    for (const object of differing) await ctx.kube.apply(object, { force: true, signal: ctx.signal })
  },

  owns: async ({ config }) => namespaceNames(config).map((name) => targetOf(namespaceRef(name))),

  async view(ctx) {
    const all = await ctx.kube.list(NAMESPACE, ctx.signal)
    const lines = namespaceNames(ctx.config).map((name) => {
      const found = all.find(({ metadata }) => metadata.name === name)
      const level = found?.metadata.labels?.['pod-security.kubernetes.io/enforce'] ?? 'none'
      return found === undefined
        ? `${name}: not there`
        : `${name}: pod security ${level}, owner ${ownerOf(found.metadata.labels) ?? 'nobody'}, since ${found.metadata.creationTimestamp ?? '?'}`
    })
    return lines.join('\n')
  },

  async destroy(ctx) {
    await Promise.all(namespaceNames(ctx.config).map((name) => removeNamespace(ctx, name)))
  },
}

async function removeNamespace(ctx: StepContext, name: string): Promise<void> {
  const live = await ctx.kube.find(namespaceRef(name), ctx.signal)
  if (live === undefined) return
  if (ownerOf(live.metadata.labels) !== ctx.config.deployment || name === 'default' || name.startsWith('kube-')) {
    return ctx.report(`namespace ${name} is left: it does not belong to this deployment alone`)
  }
  const left = await inhabitants(ctx, name)
  if (left.length > 0) return ctx.report(`namespace ${name} is left, it still holds ${left.join(', ')}`)
  await ctx.kube.remove(namespaceRef(name), {
    ...(live.metadata.uid && { uid: live.metadata.uid }),
    signal: ctx.signal,
  })
  const query = { ...NAMESPACE, fieldSelector: `metadata.name=${name}` }
  for await (const [namespace] of ctx.kube.watch(query, ctx.signal)) {
    if (namespace === undefined || namespace.metadata.uid !== live.metadata.uid) return
    ctx.report(`waiting for namespace ${name} to end ${stuckOn(namespace).join('; ')}`.trim())
  }
}
