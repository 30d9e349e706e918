import { applied, ready } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { namespacesOf } from './consumers.ts'
import type { VersionOut } from './new-version.ts'
import { placeName, placesOf } from './places.ts'
import { type PodUse, podUses } from './pod-uses.ts'

/** A step that proves that every pod that reads these secrets has started with the new versions. */
export function inUse(
  names: readonly string[],
  versions: ReadonlyMap<string, LlmgwStep<VersionOut>>,
  after: readonly LlmgwStep<unknown>[],
): LlmgwStep {
  const old = async (ctx: StepContext): Promise<readonly PodUse[]> => {
    const ids = new Map<string, string>()
    for (const [name, step] of versions) ids.set(name, (await ctx.output(step)).versionId)
    return (await podUses(ctx, placesOf(ctx.config, names), ids)).filter(({ started }) => started !== 'current')
  }
  return {
    id: 'prove-in-use',
    title: 'Prove that the new version is in use',
    component: 'secrets',
    needs: [...[...versions.values()].map((step) => applied(step)), ...after.map((step) => ready(step))],

    async check(ctx) {
      const left = await old(ctx)
      const stuck = left.filter(({ owner }) => owner === undefined)
      const [first] = stuck
      if (first === undefined) return left.length === 0 ? { state: 'current', out: undefined } : { state: 'settling' }
      const pods = [...new Set(stuck.map(({ pod }) => pod))]
      const [namespace, name] = first.pod.split('/')
      return {
        state: 'broken',
        cause: {
          code: 'OldSecretInUse',
          message: `${pods.join(', ')} started before Secret ${placeName(first.place)} was changed, and no controller starts it anew`,
          hint: `replace it by hand: kubectl delete pod -n ${namespace} ${name}   (then run the command again)`,
        },
        changes: [],
      }
    },

    // There is nothing to change: pods of before are being replaced, or somebody has to replace them.
    apply: async () => undefined,

    async ready(ctx) {
      for (const namespace of namespacesOf(placesOf(ctx.config, names)))
        for await (const _pods of ctx.kube.watch({ apiVersion: 'v1', kind: 'Pod', namespace }, ctx.signal)) {
          const left = (await old(ctx)).filter(({ place }) => place.namespace === namespace)
          if (left.every(({ owner }) => owner === undefined)) break
          ctx.report(`waiting for pods of before to end: ${[...new Set(left.map(({ pod }) => pod))].join(', ')}`)
        }
    },
  }
}
