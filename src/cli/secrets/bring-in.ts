import { firstValue } from '../../../steps/rotation/first-value.ts'
import { isPending, lacksValue } from '../../../steps/secrets/examine.ts'
import type { LogicalSecret } from '../../../steps/secrets/logical-secret.ts'
import type { LlmgwStep } from '../../ports/index.ts'
import type { Secret } from '../../secret.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Session } from '../run/session.ts'
import { changeSecrets, type SecretsChange } from './change.ts'
import { refuseFaulty, rotated } from './logical.ts'
import { changeOf } from './set.ts'

/** A value from outside for a secret of the configuration. */
export interface Brought {
  readonly secret: LogicalSecret
  readonly value: Secret
}

/** What became of each name, as data and in words. */
interface Outcome {
  readonly name: string
  readonly what: 'new' | 'replaced' | 'restored' | 'same' | 'left' | 'unknown'
}

const WORDS: Readonly<Record<Outcome['what'], string>> = {
  new: 'get their first value',
  replaced: 'get another value',
  restored: 'get back from their pending deletion, with the value they had',
  same: 'have this value already',
  left: 'have another value and are left (with --replace they are rotated to it; immutable ones never)',
  unknown: 'are no secrets of this configuration and are left out',
}

/** Brings values in from a file: first values always, other values on request. @returns exit code */
export async function bringIn(
  session: Session,
  flags: SecretsFlags,
  { brought, unknown }: { readonly brought: readonly Brought[]; readonly unknown: readonly string[] },
): Promise<number> {
  for (const { secret, value } of brought) refuseFaulty(secret, value)
  const outcomes: Outcome[] = unknown.map((name) => ({ name, what: 'unknown' }))
  const changes: SecretsChange[] = []
  for (const one of brought) {
    const [what, change] = await judge(session, flags, one)
    outcomes.push({ name: one.secret.name, what })
    if (change !== undefined) changes.push(change)
  }
  session.print(told(outcomes))
  if (changes.length > 0)
    return await changeSecrets(session, flags, {
      first: changes.flatMap(({ first }) => first),
      rotated: changes.flatMap((change) => change.rotated),
    })
  session.print('nothing was changed')
  session.printJson({ command: session.request.command, ok: true, exitCode: 0, changed: false, secrets: outcomes })
  return 0
}

async function judge(
  session: Session,
  flags: SecretsFlags,
  { secret, value }: Brought,
): Promise<readonly [Outcome['what'], SecretsChange?]> {
  if (isPending(secret)) {
    const step = firstValue({ ...rotated(secret, value), given: true }) as LlmgwStep<unknown>
    return ['restored', { first: [step], rotated: [] }]
  }
  const first = lacksValue(secret)
  if (!first && (secret.item.class === 'immutable' || !flags.replace)) {
    const current = await session.ctx.secretsManager.value(secret.remote, session.stop.signal)
    return [current?.value.reveal() === value.reveal() ? 'same' : 'left']
  }
  const change = await changeOf(session, secret, value)
  if (change === undefined) return ['same']
  return [first ? 'new' : 'replaced', change]
}

function told(outcomes: readonly Outcome[]): string {
  return Object.entries(WORDS)
    .flatMap(([what, words]) => {
      const names = outcomes.filter((one) => one.what === what).map(({ name }) => name)
      return names.length === 0 ? [] : [`${names.join(', ')}: ${words}`]
    })
    .join('\n')
}
