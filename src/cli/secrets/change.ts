import { consequenceOf } from '../../../steps/rotation/consequences.ts'
import { type Consumer, consumerName, findConsumers, TURNS } from '../../../steps/rotation/consumers.ts'
import { placesOf } from '../../../steps/rotation/places.ts'
import { type Rotated, rotationSteps } from '../../../steps/rotation.ts'
import { decide } from '../../engine/decide.ts'
import { buildGraph } from '../../engine/graph.ts'
import { execute } from '../../engine/run.ts'
import { UsageError } from '../../errors.ts'
import type { LlmgwStep } from '../../ports/index.ts'
import { confirmTyped } from '../../ui/prompts.ts'
import type { SecretsFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { both, runOptions } from '../run/carry-out.ts'
import { confirmChanges } from '../run/confirm-changes.ts'
import { finish } from '../run/finish.ts'
import { hasTerminal } from '../run/mode.ts'
import { promptContext } from '../run/questions.ts'
import { refuseUnknown, type Session, type SessionRequest } from '../run/session.ts'
import { underLock } from '../run/under-lock.ts'
import { recordInReleases } from './record-in-releases.ts'

/** What is to be done to secrets: first values, and new values of those that have one. */
export interface SecretsChange {
  readonly first: readonly LlmgwStep<unknown>[]
  readonly rotated: readonly Rotated[]
  readonly direction?: 'on' | 'back'
}

/** The session of a command that changes secrets: it looks at what it changes, no closer. */
export function secretsSession(command: string, flags: SecretsFlags, host: Host): SessionRequest {
  return { command: `secrets ${command}`, flags: { ...flags, deep: false }, host }
}

/** @throws UsageError where nobody can be asked and nothing says that nobody needs to be */
export function refuseUnasked(flags: SecretsFlags, host: Host): void {
  if (flags.yes || hasTerminal(flags, host)) return
  throw new UsageError('NoTerminal', 'nobody can be asked here whether secrets are to be changed', {
    hint: 'add --yes to go on without questions',
  })
}

/** Shows, asks, and carries out under the lock. @returns exit code */
export async function changeSecrets(session: Session, flags: SecretsFlags, change: SecretsChange): Promise<number> {
  const { ctx, stop } = session
  const names = change.rotated.map(({ name }) => name)
  refuseUnconfirmed(flags, session, names)
  const consumers = await findConsumers({ ...ctx, signal: stop.signal }, placesOf(ctx.config, names))
  const rotation = { secrets: change.rotated, consumers, direction: change.direction ?? 'on' }
  const graph = buildGraph([...change.first, ...(names.length === 0 ? [] : rotationSteps(rotation))])
  const looked = await session.look(graph, { diff: false })
  refuseUnknown(looked)
  const selected = new Set(graph.order.map(({ id }) => id))
  const decisions = decide(graph, looked, { onExisting: 'update', selected })
  announce(session, names, consumers)
  if (!flags.yes) {
    await confirmChanges(session, { graph, looked, decisions, pruned: [] })
    for (const name of names.filter((one) => consequenceOf(one)?.twice === true))
      await confirmTyped({ message: `Those who use ${name} are cut off.`, expected: name }, promptContext(session))
  }
  const settings = { ...flags, deep: false, concurrency: CONCURRENCY, failFast: false }
  const result = await underLock(session, async (held) => {
    const options = runOptions(session, settings, held)
    const done = await execute(graph, ctx, { ...options, looked, decisions })
    return done.ok && consumers.length > 0 ? both(done, await recordInReleases(session, consumers, options)) : done
  })
  return await finish(session, { result, checks: [] })
}

/** Workloads that restart at a time. */
const CONCURRENCY = 4

/** Where nobody types it, the name of what cuts people off must be given, and meant: two flags. */
function refuseUnconfirmed(flags: SecretsFlags, { request }: Session, names: readonly string[]): void {
  const twice = names.filter((name) => consequenceOf(name)?.twice === true)
  if (twice.length === 0 || !flags.yes || flags.confirm === twice.join(',')) return
  throw new UsageError(
    'NotConfirmed',
    `a new ${twice.join(', ')} cuts off everybody who uses it, so --yes is not enough`,
    {
      hint: `llmgw ${request.command} --yes --confirm ${twice.join(',')}`,
    },
  )
}

/** Who is concerned, before anything is asked. */
function announce(session: Session, names: readonly string[], consumers: readonly Consumer[]): void {
  if (names.length === 0) return
  const texts = names.flatMap((name) => consequenceOf(name)?.text ?? [])
  const order = TURNS.flatMap((turn) => consumers.filter((consumer) => consumer.turn === turn))
  session.print(
    [
      ...texts,
      order.length === 0
        ? 'No workload reads it: nothing is restarted.'
        : `Restarted, one pod after the other: ${order.map(consumerName).join(', ')}.`,
    ].join('\n'),
  )
}
