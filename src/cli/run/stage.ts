import type { Emit, RunEvent } from '../../engine/events.ts'
import type { Clock } from '../../ports/index.ts'
import { createView, type ViewKind } from '../../ui/view.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host, Output } from '../host.ts'
import { withPasteableHints } from './pasteable.ts'

/** Where a run's events are drawn. */
export interface Stage {
  readonly emit: Emit
  close(): Promise<void>
}

/** The text result says the same. */
const IN_TEXT_RESULT: ReadonlySet<RunEvent['type']> = new Set(['run-finished', 'check-finished'])

export interface StageRequest {
  readonly flags: GlobalFlags
  readonly host: Host
  /** Told every event, whatever is drawn. */
  readonly onEvent: (event: RunEvent) => void
}

/** A view chosen by the flags and the terminal. */
export function openStage({ flags, host, onEvent }: StageRequest, clock: Clock): Stage {
  const colors = usesColors(flags, host, host.stderr)
  const causes = flags.output === 'text' ? 'short' : 'full'
  const view = createView(viewKind(flags, host), { stdout: host.stdout, stderr: host.stderr, colors, causes })
  return {
    emit: (event) => {
      const stamped: RunEvent = { ...withPasteableHints(event, flags), at: clock.now() }
      onEvent(stamped)
      if (flags.output !== 'text' || !IN_TEXT_RESULT.has(event.type)) view.onEvent(stamped)
    },
    close: () => view.close(),
  }
}

function viewKind({ output, debug }: GlobalFlags, { stderr, env }: Host): ViewKind {
  if (output === 'ndjson') return 'ndjson'
  // A redrawn screen would wipe out what --debug prints in between.
  return output === 'text' && stderr.isTTY === true && env.TERM !== 'dumb' && !debug ? 'tree' : 'plain'
}

/** Colours in a terminal only, and not against the user's wish. Source: https://no-color.org */
export function usesColors({ color }: GlobalFlags, { env }: Host, stream: Output): boolean {
  return color && !env.NO_COLOR && stream.isTTY === true && env.TERM !== 'dumb'
}
