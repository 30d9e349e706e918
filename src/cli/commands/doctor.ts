import { closest } from '../../config/closest.ts'
import { AbortedError, UsageError } from '../../errors.ts'
import { createPaint } from '../../ui/paint.ts'
import { DOCTOR_IDS, examine } from '../doctor/examine.ts'
import { mend } from '../doctor/mend.ts'
import { exitCodeOf, type Reported } from '../doctor/report.ts'
import type { DoctorFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { servicesOf } from '../run/session.ts'
import { usesColors } from '../run/stage.ts'
import { listenForStop } from '../run/stop.ts'

const COMMAND = 'doctor'
/** Version of the data outputs. */
const FORMAT = 1

/** `llmgw doctor`: preflight against machine, account and cluster; changes something with `--fix` only. @returns exit code */
export async function doctor(flags: DoctorFlags, host: Host): Promise<number> {
  const wanted = wantedIds(flags.only)
  const request = { command: COMMAND, flags: { ...flags, deep: false }, host }
  const tell = (line: string) => void host.stderr.write(`${line}\n`)
  const stop = listenForStop(host, tell)
  const world = await host
    .openWorld({ flags, host, signal: stop.signal, report: tell, onDelay: tell })
    .catch((error: unknown) => {
      stop.dispose()
      throw error
    })
  try {
    const look = () =>
      examine(
        { world, env: host.env, signal: stop.signal },
        { wanted, servicesOf: (guarded) => servicesOf(request, world, guarded) },
      )
    const first = await look()
    const fixed = flags.fix ? await mend({ world, flags, host, signal: stop.signal }, first) : []
    const { findings } = fixed.length === 0 ? first : await look()
    const exitCode = exitCodeOf(findings)
    host.stdout.write(render({ findings, fixed }, exitCode, { flags, host }))
    return exitCode
  } catch (error) {
    throw stop.signal.aborted ? new AbortedError('Cancelled', 'stopped', { cause: error }) : error
  } finally {
    await world.close()
    stop.dispose()
  }
}

/** @throws UsageError for a name that is no check */
function wantedIds(only: string | undefined): ReadonlySet<string> {
  if (only === undefined) return new Set(DOCTOR_IDS)
  const names = only.split(',').map((name) => name.trim())
  for (const name of names) {
    if (DOCTOR_IDS.includes(name)) continue
    const close = closest(name, DOCTOR_IDS)
    throw new UsageError('UnknownCheck', `"${name}" is no check of doctor`, {
      hint: close === undefined ? `one or more of: ${DOCTOR_IDS.join(', ')}` : `did you mean ${close}?`,
    })
  }
  return new Set(names)
}

interface Surroundings {
  readonly flags: DoctorFlags
  readonly host: Host
}

interface Outcome {
  readonly findings: readonly Reported[]
  /** What was mended before these were found. */
  readonly fixed: readonly string[]
}

function render({ findings, fixed }: Outcome, exitCode: number, { flags, host }: Surroundings): string {
  const ok = exitCode === 0
  if (flags.output === 'json')
    return `${JSON.stringify({ version: FORMAT, command: COMMAND, ok, exitCode, ...(flags.fix && { fixed }), findings }, null, 2)}\n`
  if (flags.output === 'ndjson')
    return findings.map((finding) => `${JSON.stringify({ version: FORMAT, type: 'finding', ...finding })}\n`).join('')
  return textOf(findings, { flags, host })
}

const WORDS = { pass: 'ok', warn: 'warn', fail: 'fail', skip: 'skip', 'could-not-look': '?' } as const

function textOf(findings: readonly Reported[], { flags, host }: Surroundings): string {
  const paint = createPaint(usesColors(flags, host, host.stdout))
  const colour = {
    pass: paint.green,
    warn: paint.yellow,
    fail: paint.red,
    skip: paint.dim,
    'could-not-look': paint.yellow,
  }
  const lines = findings.flatMap(({ result, title, evidence, fix }) => [
    `${colour[result](WORDS[result].padEnd(4))}  ${title}: ${result === 'could-not-look' ? 'could not look: ' : ''}${evidence}`,
    ...(fix === undefined ? [] : [`      next: ${fix}`]),
  ])
  const count = (wanted: Reported['result']) => findings.filter(({ result }) => result === wanted).length
  const total = `${count('pass')} of ${findings.length} in order; failed: ${count('fail')}, warnings: ${count('warn')}, could not look: ${count('could-not-look')}, skipped: ${count('skip')}`
  return `${[...lines, total].join('\n')}\n`
}
