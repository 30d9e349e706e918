import { shareReads } from '../../adapters/shared-reads.ts'
import { bounded } from '../../engine/bounded.ts'
import { causeOf } from '../../engine/cause.ts'
import { withPasteableHints } from './pasteable.ts'
import type { Session } from './session.ts'

/** A check with what it found. */
export interface CheckResult {
  readonly check: string
  readonly component: string
  readonly title: string
  readonly result: 'pass' | 'warn' | 'fail' | 'skip'
  readonly lookedAt: string
  readonly found: string
  readonly hint?: string
}

const CHECK_TIMEOUT_MS = 60_000
/** About the ground that every component stands on. */
const GROUND: ReadonlySet<string> = new Set(['account', 'cluster'])

type Check = Session['world']['checks'][number]

/** Checks of these components, and of the ground below them. */
export function checksOf({ world }: Session, components: ReadonlySet<string>): readonly Check[] {
  return world.checks.filter(({ component }) => GROUND.has(component) || components.has(component))
}

/** Runs checks side by side; tells each as it ends, gives them in their own order. */
export async function runChecks(session: Session, checks: readonly Check[]): Promise<readonly CheckResult[]> {
  const run = async (check: Check): Promise<CheckResult> => {
    const started = session.world.clock.now()
    const result = withPasteableHints(await runCheck(session, check), session.request.flags)
    const { lookedAt: _lookedAt, ...told } = result
    session.stage.emit({ type: 'check-finished', ...told, elapsedMs: session.world.clock.now() - started })
    return result
  }
  return await shareReads(() => Promise.all(checks.map(run)))
}

async function runCheck({ ctx, world, stop }: Session, check: Check): Promise<CheckResult> {
  const { id, component, title } = check
  try {
    const found = await bounded((signal) => check.run({ ...ctx, signal }), {
      clock: world.clock,
      timeoutMs: CHECK_TIMEOUT_MS,
      signals: [stop.signal],
      what: `check "${title}"`,
    })
    return { check: id, component, title, ...found }
  } catch (error) {
    if (stop.signal.aborted) throw error
    // A check that could not look has proved nothing.
    const { message, evidence = [], hint } = causeOf(error)
    const words = [`could not look: ${message}`, ...evidence].join(': ')
    return { check: id, component, title, result: 'fail', lookedAt: title, found: words, ...(hint ? { hint } : {}) }
  }
}
