import { randomUUID } from 'node:crypto'
import { PreflightError, StepError } from '../../../errors.ts'
import type { SecretMeta, WholeSecrets } from '../../../ports/index.ts'
import { Secret } from '../../../secret.ts'
import { hasCode } from '../call.ts'
import { type Bundle, bundleText, emptyBundle, invalid, parseBundle } from './bundle.ts'

/** Staging label of a version until it is current: AWSCURRENT then moves from the version that was read, or not at all. */
const WRITING = 'llmgw-writing'

/** Others who write at the same time are met once or twice; more is a loop. */
const ATTEMPTS = 5

/** What is asked of a bundle that may not be there. @returns undefined where there is nothing to write */
type Edit = (bundle: Bundle, token: string) => Bundle | undefined

/** Changes a JSON secret. */
export type Change = (secret: string, edit: Edit, signal: AbortSignal | undefined) => Promise<void>

/** A JSON secret as it is now; undefined when there is none, or when it cannot be read because it is pending deletion. */
export async function readBundle(
  reads: Pick<WholeSecrets, 'describe' | 'value'>,
  secret: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly meta: SecretMeta | undefined; readonly bundle: Bundle | undefined }> {
  const meta = await reads.describe(secret, signal)
  if (meta === undefined || meta.deletedAt !== undefined) return { meta, bundle: undefined }
  if (!Object.values(meta.versions).some((labels) => labels.includes('AWSCURRENT')))
    return { meta, bundle: emptyBundle(secret) }
  const held = await reads.value(secret, signal)
  if (held === undefined) throw invalid(secret, 'holds bytes, no text')
  return { meta, bundle: parseBundle(secret, held.versionId, held.value.reveal()) }
}

/**
 * Changes a JSON secret that is there. What others write in the meantime is never lost: the edit is made again on top of it.
 * @throws StepError NotFound, SecretPendingDeletion; PreflightError BundleInvalid, BundleTooLarge, BundleConflict
 */
export async function changeBundle(
  inner: WholeSecrets,
  secret: string,
  edit: Edit,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { meta, bundle } = await readBundle(inner, secret, signal)
    if (meta === undefined) throw new StepError('NotFound', `secret ${secret} does not exist`)
    if (bundle === undefined) throw new StepError('SecretPendingDeletion', `secret ${secret} is scheduled for deletion`)
    const token = randomUUID()
    const next = edit(bundle, token)
    if (next === undefined) return
    if (await replace(inner, next, token, signal)) return
  }
  throw new PreflightError('BundleConflict', `secret ${secret} was changed by others ${ATTEMPTS} times in a row`, {
    hint: 'find out who else writes it, then run the same command again; what they wrote is there, ours is not',
  })
}

/** False when somebody was faster. */
async function replace(
  inner: WholeSecrets,
  next: Bundle,
  token: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const value = new Secret(bundleText(next))
  const { secret, versionId: base } = next
  try {
    if (base === '') await inner.putFirstValue(secret, value, signal)
    else {
      const { versionId } = await inner.addVersion(secret, { value, label: WRITING, token }, signal)
      await inner.promoteFrom(secret, versionId, base, signal)
    }
    return true
  } catch (error) {
    if (hasCode(error, base === '' ? 'AlreadyExists' : 'VersionConflict')) return false
    throw error
  }
}
