import type { Session } from './session.ts'

/** What one look has to show. */
interface Seen {
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
}

/** Cursor home, and everything below it gone: calmer than clearing a screen first. */
const REDRAW = '\u001b[H\u001b[J'
const CLEAR = '\u001b[2J'

/**
 * Looks again and again until Ctrl-C. A terminal is redrawn; a file gets what has changed since the last look, data a line
 * each. @returns exit code: to end it is no failure
 */
export async function watch(session: Session, everySeconds: number, look: () => Promise<Seen>): Promise<number> {
  const { world, stop, stage } = session
  await stage.close()
  let last: string | undefined
  while (!stop.signal.aborted) {
    try {
      last = draw(session, await look(), { last, everySeconds })
      await world.clock.sleep(everySeconds * 1000, stop.signal)
    } catch (error) {
      if (!stop.signal.aborted) throw error
    }
  }
  return 0
}

function draw(
  { request, world }: Session,
  { text, json }: Seen,
  { last, everySeconds }: { readonly last: string | undefined; readonly everySeconds: number },
): string {
  const { stdout, env } = request.host
  const at = new Date(world.clock.now()).toISOString()
  if (request.flags.output !== 'text') {
    const { startedProcesses: _processes, ...document } = json
    const line = JSON.stringify(document)
    if (line !== last) stdout.write(`${JSON.stringify({ at, ...document })}\n`)
    return line
  }
  if (stdout.isTTY === true && env.TERM !== 'dumb') {
    stdout.write(`${last === undefined ? CLEAR : ''}${REDRAW}${text}\n\n${at}, every ${everySeconds} s; Ctrl-C ends\n`)
    return text
  }
  // Ages move by themselves: a log gets a new table only when something else did.
  const bare = text.replaceAll(/\d+ (d|h|min|s)\b/g, '')
  if (bare !== last) stdout.write(`${at}\n${text}\n\n`)
  return bare
}
