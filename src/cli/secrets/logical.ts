import { ROTATING, versionWith } from '../../../steps/rotation/new-version.ts'
import type { Rotated } from '../../../steps/rotation.ts'
import { isPending, lacksValue, refuseForeignSecret } from '../../../steps/secrets/examine.ts'
import { faultOf, generate } from '../../../steps/secrets/first-value.ts'
import { describeSecrets, type LogicalSecret } from '../../../steps/secrets/logical-secret.ts'
import { closest } from '../../config/closest.ts'
import { showText } from '../../config/show.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import type { Secret } from '../../secret.ts'
import type { Session } from '../run/session.ts'

/** Every logical secret next to what Secrets Manager knows of it. */
export async function lookAtSecrets({ ctx, stop }: Session): Promise<readonly LogicalSecret[]> {
  const all = await describeSecrets({ ...ctx, signal: stop.signal })
  for (const { remote, meta } of all) refuseForeignSecret(ctx, remote, meta)
  return all
}

/** The one of that name. @throws UsageError UnknownSecret with the closest name */
export function secretNamed(all: readonly LogicalSecret[], name: string): LogicalSecret {
  const found = all.find((one) => one.name === name)
  if (found !== undefined) return found
  const near = closest(
    name,
    all.map((one) => one.name),
  )
  throw new UsageError(
    'UnknownSecret',
    `this configuration has no secret "${showText(name)}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    { hint: 'see the names with: llmgw secrets status' },
  )
}

/** A rotation has begun and has not ended. */
export const isRotating = ({ meta }: LogicalSecret): boolean =>
  meta !== undefined && versionWith(meta, ROTATING) !== undefined

/** @throws PreflightError ImmutableSecret for one whose value never changes once it is there */
export function refuseImmutable({ name, item }: LogicalSecret): void {
  if (item.class !== 'immutable') return
  throw new PreflightError(
    'ImmutableSecret',
    `${name} never changes once it has a value: what was encrypted with it would be unreadable`,
    { hint: 'llmgw explain ImmutableSecret' },
  )
}

/** @throws PreflightError for one without a value, which has nothing to rotate */
export function refuseWithoutValue(secret: LogicalSecret): void {
  if (!isPending(secret) && !lacksValue(secret)) return
  throw new PreflightError(
    'SecretNotUsable',
    `${secret.name} ${isPending(secret) ? 'is scheduled for deletion' : 'has no value yet'}, so there is nothing to rotate`,
    { hint: isPending(secret) ? 'llmgw deploy secrets --restore-secrets' : `llmgw secrets set ${secret.name}` },
  )
}

/** @throws UsageError SecretValueInvalid that says what is wrong, never the value */
export function refuseFaulty({ name, item }: LogicalSecret, value: Secret): void {
  const fault = faultOf(item, value.reveal())
  if (fault === undefined) return
  throw new UsageError('SecretValueInvalid', `the value of ${name} ${fault}`, {
    hint: 'correct it where it comes from, then run again; nothing was changed',
  })
}

/** A secret that gets a new value: this one, or a random one. */
export function rotated({ name, item }: LogicalSecret, value?: Secret): Rotated {
  return {
    name,
    item,
    value: (ctx) => value ?? generate(ctx, { item }),
    origin: value === undefined ? `random value of ${item.bytes} bytes` : 'value given by you',
  }
}
