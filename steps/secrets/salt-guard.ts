import type { Cause } from '../../src/engine/step.ts'
import type { StepContext } from '../../src/ports/index.ts'
import { RELEASES } from '../names.ts'
import { ownerOf } from '../ownership.ts'
import type { LogicalSecret } from './logical-secret.ts'

/**
 * Why an immutable secret that is gone must not be made anew: traces of a database that was encrypted with it.
 * Undefined where nothing shows that it was ever used.
 */
export async function lostImmutable(
  ctx: StepContext,
  secret: LogicalSecret,
  all: readonly LogicalSecret[],
): Promise<Cause | undefined> {
  const { gateway } = ctx.config.namespaces
  const { name: litellm } = RELEASES.litellm
  const [release, copies] = await Promise.all([
    ctx.helm.find(litellm, gateway, ctx.signal),
    syncedCopies(ctx, secret.name),
  ])
  const siblings = all.filter(({ meta }) => ownerOf(meta?.tags) === ctx.config.deployment)
  const evidence = [
    ...(release ? [`helm release ${gateway}/${litellm} exists (${release.status})`] : []),
    ...copies.map((copy) => `Kubernetes Secret ${copy.secret} holds a copy under ${copy.key}`),
    ...(siblings.length > 0
      ? [`made earlier by this deployment: ${siblings.map(({ remote }) => remote).join(', ')}`]
      : []),
  ]
  if (evidence.length === 0) return undefined
  return {
    code: 'ImmutableSecretLost',
    message: `secret ${secret.remote} is gone, and a new value would make what it encrypted unreadable`,
    evidence: [...evidence, ...waysBack(secret, copies)],
    hint: `bring the old value back: llmgw secrets set ${secret.name} --from-file VALUE`,
  }
}

interface Copy {
  readonly secret: string
  readonly key: string
}

async function syncedCopies(ctx: StepContext, logicalName: string): Promise<readonly Copy[]> {
  const places = ctx.config.secrets.synced.flatMap(({ namespace, name, keys }) =>
    Object.entries(keys)
      .filter(([, logical]) => logical === logicalName)
      .map(([key]) => ({ namespace: ctx.config.namespaces[namespace], name, key })),
  )
  const found = await Promise.all(
    places.map(async ({ namespace, name, key }) => {
      const live = await ctx.kube.find({ apiVersion: 'v1', kind: 'Secret', name, namespace }, ctx.signal)
      const data = (live?.data ?? {}) as Readonly<Record<string, string>>
      return key in data ? [{ secret: `${namespace}/${name}`, key }] : []
    }),
  )
  return found.flat()
}

function waysBack({ remote }: LogicalSecret, copies: readonly Copy[]): readonly string[] {
  const fromCluster = copies.map(({ secret, key }) => {
    const [namespace, name] = secret.split('/')
    return `way back: the copy in the cluster: kubectl get secret -n ${namespace} ${name} -o go-template='{{index .data "${key}" | base64decode}}' > VALUE`
  })
  return [
    ...fromCluster,
    `way back: a backup of ${remote}, or of the cluster`,
    'with a new, empty database any value will do',
  ]
}
