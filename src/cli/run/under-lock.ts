import type { HeldLock } from '../world.ts'
import type { Session } from './session.ts'

/** Nobody else changes this platform while `body` runs. @throws LockedError when somebody else does */
export async function underLock<Result>(
  session: Session,
  body: (held: Partial<Pick<HeldLock, 'assertHeld' | 'lost'>>) => Promise<Result>,
): Promise<Result> {
  const { world, ctx, request, stop, stage } = session
  const lock = await world.lock(ctx.kube, {
    deployment: ctx.config.deployment,
    command: `llmgw ${request.command}`,
    signal: stop.signal,
    report: (message) => stage.emit({ type: 'note', level: 'info', message }),
  })
  const tellLost = () => stage.emit({ type: 'note', level: 'warning', message: reasonOf(lock.lost) })
  lock.lost.addEventListener('abort', tellLost, { once: true })
  try {
    return await body({ assertHeld: () => lock.assertHeld(), lost: lock.lost })
  } finally {
    lock.lost.removeEventListener('abort', tellLost)
    await lock.release()
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? `${reason.message}: stopping at once` : 'the lock was lost: stopping at once'
}
