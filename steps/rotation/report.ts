import type { Services, StepContext } from '../../src/ports/index.ts'
import { isPending, lacksValue } from '../secrets/examine.ts'
import { currentVersion, describeSecrets, type LogicalSecret } from '../secrets/logical-secret.ts'
import { ROTATING, versionWith } from './new-version.ts'
import { lookAtCopies, placeName, placesOf } from './places.ts'
import { podUses } from './pod-uses.ts'

/** A logical secret through its whole life, without its value. */
export interface SecretReport {
  readonly name: string
  readonly class: LogicalSecret['item']['class']
  /** Name in Secrets Manager. */
  readonly remote: string
  readonly state: 'ok' | 'missing' | 'no-value' | 'pending-deletion'
  readonly version?: string
  /** ISO 8601. */
  readonly changedAt?: string
  readonly deletedAt?: string
  /** A rotation has begun and has not ended. */
  readonly rotating: boolean
  readonly copies: readonly {
    readonly secret: string
    readonly key: string
    readonly state: 'current' | 'old' | 'absent'
  }[]
  /** Running pods that read it, and those of them that started with the current version. */
  readonly pods: { readonly total: number; readonly current: number; readonly old: readonly string[] }
}

/** Every logical secret: in AWS, in the cluster, and in the pods that read it. */
export async function secretReports(ctx: Services & Pick<StepContext, 'signal'>): Promise<readonly SecretReport[]> {
  const all = await describeSecrets(ctx)
  const readable = all.filter((secret) => !isPending(secret) && secret.meta !== undefined).map(({ name }) => name)
  const places = placesOf(ctx.config)
  const known = places.filter(({ secret }) => readable.includes(secret))
  const versions = new Map(all.flatMap(({ name, meta }) => (meta ? [[name, currentVersion(meta) ?? '']] : [])))
  const [copies, uses] = await Promise.all([lookAtCopies(ctx, known), podUses(ctx, known, versions)])
  return all.map((secret) => {
    const { name, item, remote, meta } = secret
    const version = meta && currentVersion(meta)
    const own = uses.filter(({ place }) => place.secret === name)
    const pods = [...new Set(own.map(({ pod }) => pod))]
    const old = [...new Set(own.filter(({ started }) => started === 'old').map(({ pod }) => pod))]
    return {
      name,
      class: item.class,
      remote,
      state: stateOf(secret),
      ...(version === undefined ? {} : { version }),
      ...(meta?.changedAt === undefined ? {} : { changedAt: meta.changedAt }),
      ...(meta?.deletedAt === undefined ? {} : { deletedAt: meta.deletedAt }),
      rotating: meta !== undefined && versionWith(meta, ROTATING) !== undefined,
      copies: copies
        .filter((copy) => copy.secret === name)
        .map((copy) => ({ secret: placeName(copy), key: copy.key, state: copy.state })),
      pods: { total: pods.length, current: pods.length - old.length, old },
    }
  })
}

function stateOf(secret: LogicalSecret): SecretReport['state'] {
  if (secret.meta === undefined) return 'missing'
  if (isPending(secret)) return 'pending-deletion'
  return lacksValue(secret) ? 'no-value' : 'ok'
}
