import { clipped } from '../../ui/layout.ts'
import type { LookFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { type CheckResult, runChecks } from '../run/checks.ts'
import { namedComponents } from '../run/components.ts'
import { type Session, withSession } from '../run/session.ts'

/** The whole list is in the data output. */
const LOOKED_AT_COLUMNS = 100

/** `llmgw verify`: each check with what it looked at and found. @returns exit code */
export async function verify(words: readonly string[], flags: LookFlags, host: Host): Promise<number> {
  const named = namedComponents(words)
  const command = ['verify', ...named].join(' ')
  return await withSession({ command, flags, host }, async (session) => {
    session.stage.emit({ type: 'run-started', command, steps: [] })
    const all = session.graph.order.map((step) => step.component)
    const checks = await runChecks(session, new Set(named.length > 0 ? named : all))
    const ok = checks.every(({ result }) => result !== 'fail')
    session.stage.emit({ type: 'run-finished', ok, elapsedMs: session.elapsedMs(), counts: {} })
    await session.stage.close()
    session.print(textOf(session, checks, ok))
    session.printJson({ command, ok, exitCode: ok ? 0 : 1, target: session.guarded.target, checks })
    return ok ? 0 : 1
  })
}

function textOf({ style, world }: Session, checks: readonly CheckResult[], ok: boolean): string {
  const { paint } = style
  const colour = { pass: paint.green, warn: paint.yellow, fail: paint.red, skip: paint.dim }
  const lines = checks.flatMap(({ result, title, lookedAt, found, hint }) => [
    `${colour[result](result.padEnd(4))}  ${title}`,
    `      looked at ${clipped(lookedAt, LOOKED_AT_COLUMNS)}: ${found}`,
    ...(hint === undefined ? [] : [`      next: ${hint}`]),
  ])
  const failed = checks.filter(({ result }) => result === 'fail').length
  const passed = checks.filter(({ result }) => result === 'pass').length
  const total = ok ? paint.green('verified') : paint.red('not verified')
  return [
    ...lines,
    `${total}: ${passed} of ${checks.length} checks passed${failed > 0 ? `, ${failed} failed` : ''}`,
    ...(world.sandbox?.standIns ? ['stand-in charts are deployed: no evidence that the values fit the real ones'] : []),
  ].join('\n')
}
