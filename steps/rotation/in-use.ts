import { applied, ready } from '../../src/engine/step.ts'
import type { KubeObject, LlmgwStep, Services, StepContext } from '../../src/ports/index.ts'
import { versionAnnotation } from '../secret-versions.ts'
import { namespacesOf, podsIn, uses } from './consumers.ts'
import type { VersionOut } from './new-version.ts'
import { type Copy, lookAtCopies, type Place, placeName, placesOf } from './places.ts'
import type { PodSpec } from './pod-references.ts'

type Looking = Services & Pick<StepContext, 'signal'>

/** A running pod that reads a secret. */
export interface PodUse {
  readonly place: Place
  readonly pod: string
  /** `current`: started for the current version, or after its copy was last written. `old`: before that. */
  readonly started: 'current' | 'old' | 'unknown'
  readonly restartable: boolean
}

/** Pods that read these places, each with whether it started with the current version. */
export async function podUses(
  ctx: Looking,
  places: readonly Place[],
  versions: ReadonlyMap<string, string>,
): Promise<readonly PodUse[]> {
  const namespaces = namespacesOf(places)
  const [copies, pods] = await Promise.all([
    lookAtCopies(ctx, places),
    Promise.all(namespaces.map((namespace) => podsIn(ctx, namespace))),
  ])
  return copies.flatMap((copy) =>
    (pods[namespaces.indexOf(copy.namespace)] ?? [])
      .filter((pod) => uses(pod.spec as PodSpec, copy))
      .map((pod) => ({
        place: copy,
        pod: `${copy.namespace}/${pod.metadata.name}`,
        started: copy.state === 'current' ? startedWith(pod, copy, versions.get(copy.secret)) : 'old',
        restartable: pod.metadata.ownerReferences?.some(({ controller }) => controller === true) ?? false,
      })),
  )
}

function startedWith({ metadata }: KubeObject, { secret, writtenAt }: Copy, version?: string): PodUse['started'] {
  if (version !== undefined && metadata.annotations?.[versionAnnotation(secret)] === version) return 'current'
  const startedAt = Date.parse(metadata.creationTimestamp ?? '')
  // Times are whole seconds: a pod of the same second may have read what was there before.
  if (writtenAt === undefined || Number.isNaN(startedAt) || startedAt === writtenAt) return 'unknown'
  return startedAt > writtenAt ? 'current' : 'old'
}

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
      const stuck = left.filter(({ restartable }) => !restartable)
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
          if (left.every(({ restartable }) => !restartable)) break
          ctx.report(`waiting for pods of before to end: ${[...new Set(left.map(({ pod }) => pod))].join(', ')}`)
        }
    },
  }
}
