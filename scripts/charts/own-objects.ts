import type { Tree } from '../../src/config/merge.ts'
import { decide } from '../../src/engine/decide.ts'
import { buildGraph } from '../../src/engine/graph.ts'
import { look } from '../../src/engine/look.ts'
import { execute } from '../../src/engine/run.ts'
import type { Kube, KubeObject, Services } from '../../src/ports/index.ts'
import { steps } from '../../steps/index.ts'
import { fakeWorld } from '../../test/fakes/fake-world.ts'

/**
 * What steps apply by themselves, beside the charts: found by deploying the configuration into a world in memory.
 * @throws Error when a step fails there
 */
export async function ownObjects(values: Tree): Promise<readonly KubeObject[]> {
  const world = fakeWorld({ config: values })
  const applied = new Map<string, KubeObject>()
  // The helm of that world writes past this: what it makes are no real charts.
  const kube: Kube = {
    ...world.kube,
    apply: (object, options) => world.kube.apply(noted(object), options),
    create: (object, signal) => world.kube.create(noted(object), signal),
  }
  const noted = (object: KubeObject): KubeObject => {
    const { kind, metadata } = object
    applied.set(`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, object)
    return object
  }
  const graph = buildGraph<Services>(steps)
  const ctx = { ...world, kube }
  const common = { signal: new AbortController().signal, emit: () => undefined, clock: world.clock }
  const looked = await look(graph, ctx, { ...common, timeoutMs: 60_000, depth: { diff: false, deep: false } })
  const decisions = decide(graph, looked, { onExisting: 'update' })
  const run = { looked, decisions, concurrency: 4, failFast: true, stepTimeoutMs: 600_000 }
  const { ok, steps: ended } = await execute(graph, ctx, { ...common, ...run })
  const failed = ended.flatMap(({ id, cause }) => (cause === undefined ? [] : [`${id}: ${cause.message}`]))
  if (!ok) throw new Error(`the steps do not run in memory: ${failed.join('; ')}`)
  // Definitions of kinds come from the charts, which this world has none of.
  return [...applied.values()].filter(({ kind }) => kind !== 'CustomResourceDefinition')
}
