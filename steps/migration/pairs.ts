import type { Cause } from '../../src/engine/step.ts'
import type { Services, StepContext } from '../../src/ports/index.ts'
import { parseAddress } from '../../src/ports/secret-address.ts'
import type { Secret } from '../../src/secret.ts'
import { ROTATING, versionWith } from '../rotation/new-version.ts'
import { isPending, lacksValue, refuseForeignSecret } from '../secrets/examine.ts'
import { describeSecrets, type LogicalSecret } from '../secrets/logical-secret.ts'
import { otherLayout } from '../secrets/other-layout.ts'

type Looking = Services & Pick<StepContext, 'signal'>

/** A logical secret in both layouts. */
export interface Pair {
  readonly name: string
  readonly before: LogicalSecret
  readonly after: LogicalSecret
  /** Its value in the layout before, where it has a readable one. */
  readonly value?: { readonly value: Secret; readonly versionId: string }
  /** `differs`: both layouts have a value, and not the same. `open`: only the layout before has one that can be read. */
  readonly state: 'same' | 'differs' | 'open' | 'nothing'
}

/** All logical secrets in both layouts, their values compared in memory. @throws PreflightError ForeignOwner */
export async function lookAtPairs(ctx: Looking): Promise<readonly Pair[]> {
  const [before, after] = await Promise.all([
    describeSecrets(ctx, otherLayout(ctx.config.secrets.layout)),
    describeSecrets(ctx),
  ])
  for (const { remote, meta } of [...before, ...after]) refuseForeignSecret(ctx, remote, meta)
  return await Promise.all(
    after.map(async (one, index) => {
      const old = before[index]
      if (old === undefined) throw new Error(`no secret ${one.name} in the other layout`)
      const [value, own] = await Promise.all([readableValue(ctx, old), readableValue(ctx, one)])
      const pair = { name: one.name, before: old, after: one, ...(value && { value }) }
      if (value === undefined) return { ...pair, state: 'nothing' as const }
      if (own === undefined) return { ...pair, state: 'open' as const }
      return { ...pair, state: own.value.reveal() === value.value.reveal() ? ('same' as const) : ('differs' as const) }
    }),
  )
}

async function readableValue(ctx: Looking, secret: LogicalSecret) {
  if (isPending(secret) || lacksValue(secret)) return undefined
  return await ctx.secretsManager.value(secret.remote, ctx.signal)
}

/** What stands in the way of a migration, before its first write. */
export function obstacle(pairs: readonly Pair[]): Cause | undefined {
  return unfinished(pairs) ?? conflict(pairs) ?? unreadable(pairs)
}

function unfinished(pairs: readonly Pair[]): Cause | undefined {
  const rotating = pairs.flatMap(({ before, after }) =>
    [before, after].filter(({ meta }) => meta !== undefined && versionWith(meta, ROTATING) !== undefined),
  )
  const [first] = rotating
  if (first === undefined) return undefined
  return {
    code: 'RotationUnfinished',
    message: `a rotation has begun and has not ended: ${rotating.map(({ remote }) => remote).join(', ')}`,
    hint: `end it in the layout in which it began: llmgw secrets rotate ${first.name}   (or with --back)`,
  }
}

/** Both layouts have a value: whichever is right, the other one must not be lost by accident. */
export function conflict(pairs: readonly Pair[]): Cause | undefined {
  const differing = pairs.filter(({ state }) => state === 'differs')
  if (differing.length === 0) return undefined
  return {
    code: 'LayoutsDiffer',
    message: `both layouts have a value, and not the same: ${differing.map(({ before, after }) => `${before.remote} and ${after.remote}`).join('; ')}`,
    hint: 'delete the one that is wrong, then run the same command again: llmgw explain LayoutsDiffer',
  }
}

function unreadable(pairs: readonly Pair[]): Cause | undefined {
  const pending = pairs.filter(({ before, after }) => isPending(before) && (lacksValue(after) || isPending(after)))
  const [first] = pending
  if (first === undefined) return undefined
  const remotes = [...new Set(pending.map(({ before }) => parseAddress(before.remote).secret))]
  return {
    code: 'SecretPendingDeletion',
    message: `scheduled for deletion, so the values cannot be read: ${remotes.join(', ')}`,
    hint: `aws secretsmanager restore-secret --secret-id ${remotes[0]}   (each of them; then run the same command again)`,
  }
}
