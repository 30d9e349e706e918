import { closest } from '../../config/closest.ts'
import { UsageError } from '../../errors.ts'
import { clipped } from '../../ui/layout.ts'
import type { VerifyFlags } from '../flags.ts'
import { probeEstimate } from '../gateway/estimate.ts'
import type { Host } from '../host.ts'
import { type CheckResult, checksOf, runChecks } from '../run/checks.ts'
import { namedComponents } from '../run/components.ts'
import { type Session, withSession } from '../run/session.ts'
import { watch } from '../run/watch.ts'

/** The whole list is in the data output. */
const LOOKED_AT_COLUMNS = 100

type Check = Session['world']['checks'][number]

/** `llmgw verify`: each check with what it looked at and found, once or until Ctrl-C. @returns exit code */
export async function verify(words: readonly string[], flags: VerifyFlags, host: Host): Promise<number> {
  const named = namedComponents(words)
  const command = ['verify', ...named].join(' ')
  const request = { command, flags, host, ...(flags.watch ? { readOnly: true, endless: true } : {}) }
  return await withSession(request, async (session) => {
    const all = session.graph.order.map((step) => step.component)
    const chosen = wanted(checksOf(session, new Set(named.length > 0 ? named : all)), flags.only)
    if (flags.watch) return await watch(session, flags.every, () => look(session, chosen))
    session.stage.emit({ type: 'run-started', command, steps: [] })
    if (flags.probe) {
      const message = await probeEstimate(session, chosen)
      session.stage.emit({ type: 'note', level: 'info', message })
    }
    const { text, json, ok } = await look(session, chosen)
    session.stage.emit({ type: 'run-finished', ok, elapsedMs: session.elapsedMs(), counts: {} })
    await session.stage.close()
    session.print(text)
    session.printJson(json)
    return ok ? 0 : 1
  })
}

/** @throws UsageError for a name that is no check */
function wanted(checks: readonly Check[], only: string | undefined): readonly Check[] {
  if (only === undefined) return checks
  const ids = checks.map(({ id }) => id)
  const names = new Set(only.split(',').map((name) => name.trim()))
  for (const name of names) {
    if (ids.includes(name)) continue
    const close = closest(name, ids)
    throw new UsageError('UnknownCheck', `"${name}" is no check of verify`, {
      hint: close === undefined ? `one or more of: ${ids.join(', ')}` : `did you mean ${close}?`,
    })
  }
  return checks.filter(({ id }) => names.has(id))
}

async function look(session: Session, chosen: readonly Check[]) {
  const { flags } = session.request
  const probing = 'probe' in flags && flags.probe === true
  const run = chosen.filter(({ probes }) => probing || probes === undefined)
  const results = new Map((await runChecks(session, run)).map((result) => [result.check, result]))
  const checks = chosen.map((check) => results.get(check.id) ?? unasked(check))
  // What looked at nothing has verified nothing.
  const ok = checks.every(({ result }) => result !== 'fail') && checks.some(({ result }) => result !== 'skip')
  const { command } = session.request
  const json = { command, ok, exitCode: ok ? 0 : 1, target: session.guarded.target, checks }
  return { ok, json, text: textOf(session, checks, ok) }
}

function unasked({ id, component, title }: Check): CheckResult {
  const found = 'it calls models, which costs money'
  return { check: id, component, title, result: 'skip', lookedAt: 'nothing', found, hint: 'llmgw verify --probe' }
}

function textOf({ style, world }: Session, checks: readonly CheckResult[], ok: boolean): string {
  const { paint } = style
  const colour = { pass: paint.green, warn: paint.yellow, fail: paint.red, skip: paint.dim }
  const lines = checks.flatMap(({ result, title, lookedAt, found, hint }) => [
    `${colour[result](result.padEnd(4))}  ${title}`,
    `      looked at ${clipped(lookedAt, LOOKED_AT_COLUMNS)}: ${found}`,
    ...(hint === undefined ? [] : [`      next: ${hint}`]),
  ])
  const count = (result: CheckResult['result'], words: string) => {
    const number = checks.filter((check) => check.result === result).length
    return number > 0 ? [`${number} ${words}`] : []
  }
  const passed = checks.filter(({ result }) => result === 'pass').length
  const told = [
    `${passed} of ${checks.length} checks passed`,
    ...count('fail', 'failed'),
    ...count('warn', 'with a warning'),
    ...count('skip', 'skipped'),
  ]
  return [
    ...lines,
    `${ok ? paint.green('verified') : paint.red('not verified')}: ${told.join(', ')}`,
    ...(world.sandbox?.standIns ? ['stand-in charts are deployed: no evidence that the values fit the real ones'] : []),
  ].join('\n')
}
