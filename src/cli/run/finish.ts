import type { RunResult } from '../../engine/result.ts'
import { type DiagnosisView, renderDiagnoses } from '../../ui/diagnosis.ts'
import { renderSummary } from '../../ui/summary.ts'
import type { CheckResult } from './checks.ts'
import { platformFlags, withPasteableHints } from './pasteable.ts'
import type { Session } from './session.ts'

interface Finished {
  readonly result: RunResult
  readonly checks: readonly CheckResult[]
  /** What lies beneath the failures. */
  readonly diagnoses?: readonly DiagnosisView[]
}

const CANCELLED = 130

/** Reports the end of a run. @returns exit code */
export async function finish(session: Session, { result: given, checks, diagnoses = [] }: Finished): Promise<number> {
  const result = { ...given, steps: given.steps.map((step) => withPasteableHints(step, session.request.flags)) }
  const failedChecks = checks.filter((check) => check.result === 'fail')
  const ok = result.ok && failedChecks.length === 0
  const elapsedMs = session.elapsedMs()
  session.stage.emit({ type: 'run-finished', ok, elapsedMs, counts: result.counts })
  await session.stage.close()
  const stopped = session.stop.signal.aborted && !result.ok
  const exitCode = ok ? 0 : stopped ? CANCELLED : 1
  session.print(textOf(session, { result, checks, diagnoses }, ok))
  session.printJson({
    command: session.request.command,
    ok,
    exitCode,
    changed: hasChanged(result),
    elapsedMs,
    startedProcesses: session.world.startedProcesses(),
    target: session.guarded.target,
    counts: result.counts,
    steps: result.steps,
    checks,
    ...(diagnoses.length === 0 ? {} : { diagnoses }),
  })
  return exitCode
}

function hasChanged({ counts }: RunResult): boolean {
  return (counts.done ?? 0) + (counts.removed ?? 0) > 0
}

function textOf(session: Session, finished: Finished, ok: boolean): string {
  return [
    renderSummary(
      { result: finished.result, elapsedMs: session.elapsedMs(), diagnoses: finished.diagnoses ?? [] },
      session.style,
    ),
    ...checkLines(finished.checks),
    ...(finished.diagnoses?.length ? ['', renderDiagnoses(finished.diagnoses, session.style), ''] : []),
    ...(ok ? [] : [nextLine(session)]),
    ...(hasChanged(finished.result) || !ok ? [] : [unchangedLine(session.world.startedProcesses())]),
    ...(session.world.sandbox?.standIns
      ? ['stand-in charts were used: no evidence that the values fit the real ones']
      : []),
  ].join('\n')
}

/** A stopped run has no cause to mend. */
function nextLine({ request, stop }: Session): string {
  const { flags, command } = request
  const mend = stop.signal.aborted ? '' : 'mend the cause, then '
  return `next: ${mend}go on with: llmgw${platformFlags(flags)} ${command} (what is done is left alone)`
}

function checkLines(checks: readonly CheckResult[]): readonly string[] {
  if (checks.length === 0) return []
  const wrong = checks.filter(({ result }) => result === 'fail' || result === 'warn')
  const passed = checks.filter(({ result }) => result === 'pass').length
  const skipped = checks.filter(({ result }) => result === 'skip').length
  return [
    ...wrong.flatMap(({ result, title, found, hint }) => [
      `${result}: ${title}: ${found}`,
      ...(hint === undefined ? [] : [`  next: ${hint}`]),
    ]),
    `verified: ${passed} of ${checks.length} checks passed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
  ]
}

function unchangedLine(started: number): string {
  return `nothing was changed; ${started === 0 ? 'no helm process was started' : `helm processes started: ${started}`}`
}
