import { keptBy } from '../../../steps/rotation/consequences.ts'
import type { LogicalSecret } from '../../../steps/secrets/logical-secret.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import type { Secret } from '../../secret.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { type Session, withSession } from '../run/session.ts'
import { changeSecrets, refuseUnasked, secretsSession } from './change.ts'
import {
  isRotating,
  lookAtSecrets,
  refuseFaulty,
  refuseImmutable,
  refuseWithoutValue,
  rotated,
  secretNamed,
} from './logical.ts'
import { readValue } from './read-value.ts'

/** `llmgw secrets rotate NAME`: a new value, in use everywhere, and the old one retired. @returns exit code */
export async function rotate(name: string, flags: SecretsFlags, host: Host): Promise<number> {
  refuseUnasked(flags, host)
  const command = `rotate ${name}${flags.back ? ' --back' : ''}`
  return await withSession(secretsSession(command, flags, host), async (session) => {
    const secret = secretNamed(await lookAtSecrets(session), name)
    refuseImmutable(secret)
    refuseWithoutValue(secret)
    if (!isRotating(secret)) refuseReadOnce(secret)
    const value = await newValue(session, secret, flags)
    return await changeSecrets(session, flags, {
      first: [],
      rotated: [rotated(secret, value)],
      direction: flags.back ? 'back' : 'on',
    })
  })
}

/** @throws PreflightError SecretReadOnce: pods would restart, and the old password would go on opening the door */
function refuseReadOnce({ name }: LogicalSecret): void {
  const program = keptBy(name)
  if (program === undefined) return
  throw new PreflightError(
    'SecretReadOnce',
    `${program} reads ${name} while its database is empty and never again, so a new value would be in nobody's use`,
    { hint: `change the password in ${program}, then keep it here: llmgw secrets set ${name}` },
  )
}

/** The value that somebody gives; none where one is made up, or a rotation has begun with one. @throws UsageError NoRotation */
async function newValue(session: Session, secret: LogicalSecret, flags: SecretsFlags): Promise<Secret | undefined> {
  const { name, item } = secret
  const begun = isRotating(secret)
  if (flags.back && !begun)
    throw new UsageError('NoRotation', `no rotation of ${name} has begun, so there is no way back to go`, {
      hint: 'see where each secret stands with: llmgw secrets status',
    })
  if (begun && !flags.back)
    session.stage.emit({ type: 'note', level: 'info', message: `a rotation of ${name} has begun: going on with it` })
  if (begun || item.class !== 'provided') return undefined
  const value = await readValue(session, name, flags.fromFile)
  refuseFaulty(secret, value)
  return value
}
