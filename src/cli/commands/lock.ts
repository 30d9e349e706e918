import { showText } from '../../config/show.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import { duration } from '../../ui/layout.ts'
import { confirmTyped } from '../../ui/prompts.ts'
import type { GlobalFlags, LockReleaseFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { hasTerminal } from '../run/mode.ts'
import { promptContext } from '../run/questions.ts'
import { type Session, withSession } from '../run/session.ts'
import type { LockHolder } from '../world.ts'

/** `llmgw lock status`: who works on the deployment; takes no lock and waits for nobody. @returns exit code */
export async function lockStatus(given: GlobalFlags, host: Host): Promise<number> {
  const flags = { ...given, deep: false }
  return await withSession({ command: 'lock status', flags, host }, async (session) => {
    const found = await find(session)
    await session.stage.close()
    session.print(found ? heldText(session, found) : freeText(session))
    tell(session, found ? { state: 'held', ...found } : { state: 'free' })
    return 0
  })
}

/** `llmgw lock release`: takes the lock away from a run that will not give it back. @returns exit code */
export async function lockRelease(flags: LockReleaseFlags, host: Host): Promise<number> {
  refuseUnconfirmed(flags, host)
  const request = { command: 'lock release', flags: { ...flags, deep: false }, host }
  return await withSession(request, (session) => release(session, flags))
}

async function release(session: Session, flags: LockReleaseFlags): Promise<number> {
  const found = await find(session)
  await session.stage.close()
  if (!found) {
    session.print(`${freeText(session)}: nothing to release`)
    tell(session, { state: 'free', released: false })
    return 0
  }
  session.print(heldText(session, found))
  if (flags.confirm === undefined) {
    const message = 'If it is alive it stops half-way.'
    await confirmTyped({ message, expected: found.holder }, promptContext(session))
  }
  refuseOther(found, flags.confirm)
  const lock = { deployment: session.ctx.config.deployment, holder: found.holder }
  if (!(await session.world.breakLock(session.ctx.kube, lock, session.stop.signal)))
    throw new PreflightError('LockMoved', `${found.holder} no longer holds the lock, so nothing was released`, {
      hint: 'see who does: llmgw lock status',
    })
  session.print(`released; if ${found.holder} is alive it notices within 5 s, stops, and ends its helm`)
  tell(session, { state: 'free', released: true, was: found })
  return 0
}

async function find({ world, ctx, stop }: Session): Promise<LockHolder | undefined> {
  return await world.findLock(ctx.kube, ctx.config.deployment, stop.signal)
}

/** Where nobody can type the holder's name it must be given, and meant: two flags. */
function refuseUnconfirmed(flags: LockReleaseFlags, host: Host): void {
  const terminal = hasTerminal(flags, host)
  if (flags.confirm === undefined ? terminal && !flags.yes : flags.yes || terminal) return
  throw new UsageError('NotConfirmed', 'releasing a lock needs the name of its holder, and nobody can type it here', {
    hint: 'see it with: llmgw lock status; then add --yes --confirm HOLDER, with the holder in quotes',
  })
}

function refuseOther({ holder }: LockHolder, confirm: string | undefined): void {
  if (confirm === undefined || confirm === holder) return
  throw new UsageError('WrongConfirmation', `--confirm names "${showText(confirm)}", the holder is "${holder}"`, {
    hint: 'compare with: llmgw lock status; nothing was released',
  })
}

function freeText({ ctx }: Session): string {
  return `the lock of deployment "${ctx.config.deployment}" is free`
}

function heldText({ ctx, world }: Session, lock: LockHolder): string {
  const now = world.clock.now()
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['from host', lock.host],
    ['with', lock.command],
    ['since', ago(lock.since, now)],
    ['last renewal', ago(lock.renewed, now)],
  ]
  return [
    `the lock of deployment "${ctx.config.deployment}" is held by ${lock.holder}`,
    ...rows.flatMap(([title, value]) => (value === undefined ? [] : [`  ${title.padEnd(12)}  ${value}`])),
    `a holder that does not renew it for ${duration(lock.expiresAfterMs)} is taken for dead: the next run takes over by itself`,
  ].join('\n')
}

/** Two clocks are compared here, so the words are careful; taking over never does that. */
function ago(time: string | undefined, now: number): string | undefined {
  const at = Date.parse(time ?? '')
  if (time === undefined || Number.isNaN(at)) return time
  return at > now ? time : `${time}, ${duration(now - at)} ago by this machine's clock`
}

function tell(session: Session, lock: Readonly<Record<string, unknown>>): void {
  const { ctx, request, guarded } = session
  const { deployment } = ctx.config
  session.printJson({ command: request.command, target: guarded.target, lock: { deployment, ...lock } })
}
