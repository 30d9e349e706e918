import { firstValue } from '../../../steps/rotation/first-value.ts'
import { isPending, lacksValue } from '../../../steps/secrets/examine.ts'
import type { LogicalSecret } from '../../../steps/secrets/logical-secret.ts'
import { PreflightError } from '../../errors.ts'
import type { LlmgwStep } from '../../ports/index.ts'
import type { Secret } from '../../secret.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { type Session, withSession } from '../run/session.ts'
import { changeSecrets, refuseUnasked, type SecretsChange, secretsSession } from './change.ts'
import { isRotating, lookAtSecrets, refuseFaulty, refuseImmutable, rotated, secretNamed } from './logical.ts'
import { readValue } from './read-value.ts'

/** `llmgw secrets set NAME`: gives a value; one that has a value already is rotated to it. @returns exit code */
export async function set(name: string, flags: SecretsFlags, host: Host): Promise<number> {
  refuseUnasked(flags, host)
  return await withSession(secretsSession(`set ${name}`, flags, host), async (session) => {
    const secret = secretNamed(await lookAtSecrets(session), name)
    refusePending(secret)
    if (!lacksValue(secret)) refuseImmutable(secret)
    const value = await readValue(session, name, flags.fromFile)
    refuseFaulty(secret, value)
    const change = await changeOf(session, secret, value)
    if (change !== undefined) return await changeSecrets(session, flags, change)
    session.print(`${name} already has this value; nothing was changed`)
    session.printJson({ command: session.request.command, ok: true, exitCode: 0, changed: false })
    return 0
  })
}

/** @throws PreflightError SecretPendingDeletion: its name is taken, and its old value may be wanted */
export function refusePending(secret: LogicalSecret): void {
  if (!isPending(secret)) return
  throw new PreflightError('SecretPendingDeletion', `${secret.name} is scheduled for deletion, so it takes no value`, {
    hint: 'bring it back with the value it has: llmgw deploy secrets --restore-secrets',
  })
}

/**
 * What giving this value comes to; undefined where it has it already.
 * @throws PreflightError RotationUnfinished
 */
export async function changeOf(
  session: Session,
  secret: LogicalSecret,
  value: Secret,
): Promise<SecretsChange | undefined> {
  if (lacksValue(secret)) {
    const step = firstValue({ ...rotated(secret, value), given: true }) as LlmgwStep<unknown>
    return { first: [step], rotated: [] }
  }
  const current = await session.ctx.secretsManager.value(secret.remote, session.stop.signal)
  if (current?.value.reveal() === value.reveal()) return undefined
  if (isRotating(secret))
    throw new PreflightError('RotationUnfinished', `a rotation of ${secret.name} to another value has not ended`, {
      hint: `end it first: llmgw secrets rotate ${secret.name}   (or go back: add --back)`,
    })
  return { first: [], rotated: [rotated(secret, value)] }
}
