import { createCachePasswords } from '../../adapters/cache/cache-passwords.ts'
import { certificates } from '../../adapters/certificates.ts'
import { createGatewayKeys } from '../../adapters/gateway/gateway-keys.ts'
import { createServiceCalls } from '../../adapters/service-calls/service-calls.ts'
import { shareReads } from '../../adapters/shared-reads.ts'
import type { Emit } from '../../engine/events.ts'
import { buildGraph, type Graph } from '../../engine/graph.ts'
import { type Looked, look } from '../../engine/look.ts'
import { stepInfos } from '../../engine/selection.ts'
import { AbortedError, PreflightError, StepError } from '../../errors.ts'
import type { RunOptions, Services } from '../../ports/index.ts'
import { harmless } from '../../ui/harmless.ts'
import type { Style } from '../../ui/layout.ts'
import { createPaint } from '../../ui/paint.ts'
import type { LookFlags } from '../flags.ts'
import { type Guarded, guard } from '../guard.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import { watchCharts } from './chart-notes.ts'
import { milliseconds } from './duration.ts'
import { openWorld } from './offer-init.ts'
import { lookedPasteable } from './pasteable.ts'
import { openReports, type Reports } from './reports.ts'
import { openStage, type Stage, usesColors } from './stage.ts'
import { listenForStop, type Stop } from './stop.ts'

export interface SessionRequest {
  /** As the user typed it, e.g. `deploy redis`. */
  readonly command: string
  readonly flags: LookFlags
  readonly host: Host
  readonly options?: Partial<RunOptions>
  /** Nothing is under way that has a safe point. */
  readonly readOnly?: boolean
  /** Goes on until it is stopped: the limit of a run does not hold. */
  readonly endless?: boolean
}

/** A guarded connection to the platform, and what a command needs to work on it. */
export interface Session {
  readonly request: SessionRequest
  readonly world: World
  readonly guarded: Guarded
  readonly ctx: Services
  /** All steps there are. */
  readonly graph: Graph<Services>
  readonly stage: Stage
  readonly stop: Stop
  /** How results are drawn on standard output. */
  readonly style: Style
  elapsedMs(): number
  /** All checks of a graph; the first event tells its steps. */
  look(graph: Graph<Services>, depth: Pick<Looked['depth'], 'diff'>): Promise<Looked>
  /** The same without telling anybody, for what is shown on request. */
  lookQuietly(graph: Graph<Services>, depth: Pick<Looked['depth'], 'diff'>): Promise<Looked>
  /** A text result; silent where the result is data. */
  print(text: string): void
  /** A data result; silent where the result is text. */
  printJson(document: Readonly<Record<string, unknown>>): void
}

/** A check that hangs must not hang the run: the slowest honest one lists a large cluster. */
const CHECK_TIMEOUT_MS = 60_000

const NOTHING_DESTROYED: RunOptions['destroy'] = { crds: false, volumes: false, secrets: 'schedule' }

/** Opens the world, guards it, runs `body`, leaves nothing behind, and writes the reports that were asked for. */
export async function withSession(
  request: SessionRequest,
  body: (session: Session) => Promise<number>,
): Promise<number> {
  const reports = await openReports(request)
  let exitCode: number
  try {
    exitCode = await inSession(request, reports, body)
  } catch (error) {
    await reports.finish(error)
    throw error
  }
  return (await reports.finish()) ? exitCode : exitCode || 1
}

async function inSession(
  request: SessionRequest,
  { onEvent }: Reports,
  body: (session: Session) => Promise<number>,
): Promise<number> {
  const { host, flags } = request
  const tell = (line: string) => void host.stderr.write(`${line}\n`)
  const stop = listenForStop(host, request.readOnly ? () => undefined : tell)
  let world: World | undefined
  let stage: Stage | undefined
  let deadline: Deadline | undefined
  try {
    const onDelay = (message: string): void => {
      if (stage) stage.emit({ type: 'note', level: 'warning', message })
      else tell(message)
    }
    world = await openWorld({ flags, host, signal: stop.signal, report: tell, onDelay, mayAsk: !saysYes(flags) })
    const guarded = await guard(world, host.env, stop.signal)
    if (!request.endless) deadline = startDeadline(world.loaded.config.timeouts.run, stop)
    stage = openStage({ flags, host, onEvent }, world.clock)
    const exitCode = await body(createSession(request, { world, guarded, stage, stop }))
    const late = deadline?.passed()
    if (exitCode !== 0 && late) throw late
    return exitCode
  } catch (error) {
    throw deadline?.passed() ?? cancelled(error, stop)
  } finally {
    deadline?.clear()
    await stage?.close()
    await world?.close()
    stop.dispose()
  }
}

/** `--yes` asks nothing, whatever the command. */
const saysYes = (flags: LookFlags): boolean => 'yes' in flags && flags.yes === true

interface Parts {
  readonly world: World
  readonly guarded: Guarded
  readonly stage: Stage
  readonly stop: Stop
}

function createSession(request: SessionRequest, { world, guarded, stage, stop }: Parts): Session {
  const { host, flags, command } = request
  const started = world.clock.now()
  const charts = watchCharts(guarded.connection.helm)
  const ctx = servicesOf(request, world, { ...guarded, connection: { ...guarded.connection, helm: charts.helm } })
  const lookWith = async (emit: Emit, graph: Graph<Services>, { diff }: Pick<Looked['depth'], 'diff'>) => {
    const looked = await shareReads(() =>
      look(graph, ctx, {
        signal: stop.signal,
        emit,
        clock: world.clock,
        timeoutMs: CHECK_TIMEOUT_MS,
        depth: { diff, deep: flags.deep },
      }),
    )
    return lookedPasteable(looked, flags)
  }
  return {
    request,
    world,
    guarded,
    ctx,
    graph: buildGraph(world.steps),
    stage,
    stop,
    style: { paint: createPaint(usesColors(flags, host, host.stdout)), width: host.stdout.columns ?? 100 },
    elapsedMs: () => world.clock.now() - started,
    look: async (graph, depth) => {
      stage.emit({ type: 'run-started', command, steps: stepInfos(graph, ctx) })
      const looked = await lookWith(stage.emit, graph, depth)
      for (const message of charts.notes()) stage.emit({ type: 'note', level: 'info', message })
      return looked
    },
    lookQuietly: (graph, depth) => lookWith(() => undefined, graph, depth),
    print: (text) => {
      if (flags.output === 'text') host.stdout.write(`${harmless(text, 'colours')}\n`)
    },
    printJson: (document) => {
      if (flags.output === 'json') host.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    },
  }
}

/** All that a step may see, of a world in which the place is known. */
export function servicesOf(
  { flags, options }: SessionRequest,
  world: World,
  { target, connection }: Guarded,
): Services {
  const { kube, readiness, helm } = connection
  const serviceCalls = createServiceCalls(kube)
  return {
    config: world.loaded.config,
    target,
    options: {
      adopt: flags.adopt ?? false,
      restoreSecrets: flags.restoreSecrets ?? false,
      destroy: NOTHING_DESTROYED,
      ...options,
    },
    kube,
    readiness,
    serviceCalls,
    gatewayKeys: createGatewayKeys(serviceCalls),
    cachePasswords: createCachePasswords(kube),
    helm,
    ...world.aws,
    assets: world.assets,
    certificates,
    clock: world.clock,
    random: world.random,
    provided: world.provided,
  }
}

/** What was under way when the user stopped fails in its own words; to the user it is one thing. */
function cancelled(error: unknown, { signal }: Stop): unknown {
  if (!signal.aborted || error instanceof AbortedError) return error
  return new AbortedError('Cancelled', 'stopped', { cause: error })
}

interface Deadline {
  passed(): StepError | undefined
  clear(): void
}

function startDeadline(limit: string, stop: Stop): Deadline {
  let over = false
  const timer = setTimeout(() => {
    over = true
    stop.stop(`the run has reached its limit of ${limit}: waiting for changes under way to reach a safe point`)
  }, milliseconds(limit))
  timer.unref()
  return {
    passed: () =>
      over
        ? new StepError('RunTimeout', `the run took longer than ${limit}`, {
            hint: 'run it again: what is done is left alone; or give it longer with --timeout',
          })
        : undefined,
    clear: () => clearTimeout(timer),
  }
}

/**
 * Stops at what could not be looked at: it is neither there nor missing.
 * @throws PreflightError that names every such step with its cause
 */
export function refuseUnknown(looked: Looked): void {
  const unknown = [...looked.observations].flatMap(([id, seen]) =>
    seen.state === 'unknown' ? [{ id, cause: seen.cause }] : [],
  )
  const [first] = unknown
  if (first === undefined) return
  const details = unknown.map(({ id, cause }) => `${id}: ${[cause.message, ...(cause.evidence ?? [])].join(': ')}`)
  throw new PreflightError(
    'CouldNotLook',
    `could not look at ${unknown.map(({ id }) => id).join(', ')}, so nothing was started`,
    {
      cause: details.join('\n'),
      hint: first.cause.hint ?? 'mend the cause and run the command again',
    },
  )
}
