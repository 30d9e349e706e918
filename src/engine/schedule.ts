import type { Outcome } from './events.ts'
import type { Cause, Observation } from './step.ts'

/** How one task ended. */
export interface End {
  readonly outcome: Outcome
  readonly cause?: Cause
  /** Steps that stood in its way. */
  readonly by?: readonly string[]
  /** As what a step was left. */
  readonly seen?: Observation
  /** Nothing more may start, whatever the options say. */
  readonly fatal?: boolean
}

interface TaskResult extends End {
  readonly elapsedMs: number
}

/** What others have reached so far. */
export interface Progress {
  /** How the task ended, or undefined while it has not. */
  end(id: string): TaskResult | undefined
  /** Its changes are submitted, or it ended. */
  submitted(id: string): boolean
}

export type Gate = 'open' | 'shut' | { readonly blockedBy: readonly string[] }

/** Outcomes with which a run is not ok. */
export const FAILURES: ReadonlySet<Outcome> = new Set(['failed', 'stale', 'blocked', 'cancelled'])

/** One step's part in a run. */
export type Task = SettledTask | RunningTask

/** Nothing to do: it has ended before anything starts. */
interface SettledTask {
  readonly id: string
  readonly end: End
}

interface RunningTask {
  readonly id: string
  /** Takes one of the slots until it is submitted. */
  readonly slot: boolean
  gate(progress: Progress): Gate
  /** Must not reject. `submitted` frees the slot and lets dependants look again. */
  run(submitted: () => void): Promise<End>
}

export interface ScheduleOptions {
  /** How many tasks may hold a slot at a time. */
  readonly concurrency: number
  readonly failFast: boolean
  /** Aborted: nothing new starts; what runs is awaited. */
  readonly signal: AbortSignal
  readonly now: () => number
  readonly onEnd: (id: string, result: TaskResult) => void
}

export type TaskResults = ReadonlyMap<string, TaskResult>

interface Run {
  readonly waiting: Map<string, RunningTask>
  readonly running: Set<string>
  readonly holdingSlot: Set<string>
  readonly submitted: Set<string>
  readonly results: Map<string, TaskResult>
  readonly options: ScheduleOptions
  readonly finish: (results: TaskResults) => void
  /** The task whose end lets nothing more start. */
  stoppedBy?: string
}

/** Runs tasks as their gates open, earlier ones preferred; resolves when each has ended exactly once and nothing runs. */
export function schedule(tasks: readonly Task[], options: ScheduleOptions): Promise<TaskResults> {
  return new Promise((resolve) => {
    const onAbort = (): void => advance(run)
    const run: Run = {
      waiting: new Map(tasks.flatMap((task) => ('run' in task ? [[task.id, task]] : []))),
      running: new Set(),
      holdingSlot: new Set(),
      submitted: new Set(),
      results: new Map(),
      options,
      finish: (results) => {
        options.signal.removeEventListener('abort', onAbort)
        resolve(results)
      },
    }
    options.signal.addEventListener('abort', onAbort, { once: true })
    for (const task of tasks) if ('end' in task) end(run, task.id, { ...task.end, elapsedMs: 0 })
    advance(run)
  })
}

/** Ends and starts what can be; one end may shut the gates of others, so it goes on until nothing moves. */
function advance(run: Run): void {
  let ended: number
  do {
    ended = run.results.size
    for (const task of [...run.waiting.values()]) if (run.waiting.has(task.id)) consider(run, task)
  } while (run.results.size > ended)
  if (run.waiting.size === 0 && run.running.size === 0) run.finish(run.results)
}

function consider(run: Run, task: RunningTask): void {
  const end = endUnstarted(run, task)
  if (end !== undefined) {
    endWaiting(run, task, end)
    return
  }
  const free = !task.slot || run.holdingSlot.size < run.options.concurrency
  if (free && task.gate(progress(run)) === 'open') start(run, task)
}

/** The end of a task that will never start, or undefined. */
function endUnstarted(run: Run, task: RunningTask): End | undefined {
  if (run.options.signal.aborted) return { outcome: 'cancelled' }
  const gate = task.gate(progress(run))
  if (typeof gate === 'object') return { outcome: 'blocked', by: gate.blockedBy }
  if (run.stoppedBy !== undefined) return { outcome: 'blocked', by: [run.stoppedBy] }
  return undefined
}

function progress(run: Run): Progress {
  return {
    end: (id) => run.results.get(id),
    submitted: (id) => run.submitted.has(id) || run.results.has(id),
  }
}

function endWaiting(run: Run, task: RunningTask, ending: End): void {
  run.waiting.delete(task.id)
  end(run, task.id, { ...ending, elapsedMs: 0 })
}

function end(run: Run, id: string, result: TaskResult): void {
  run.results.set(id, result)
  if (stopsAll(result, run.options.failFast)) run.stoppedBy ??= id
  run.options.onEnd(id, result)
}

function start(run: Run, task: RunningTask): void {
  const startedAt = run.options.now()
  run.waiting.delete(task.id)
  run.running.add(task.id)
  if (task.slot) run.holdingSlot.add(task.id)
  const submitted = (): void => {
    run.submitted.add(task.id)
    run.holdingSlot.delete(task.id)
    advance(run)
  }
  void task.run(submitted).then((ending) => {
    run.holdingSlot.delete(task.id)
    run.running.delete(task.id)
    end(run, task.id, { ...ending, elapsedMs: run.options.now() - startedAt })
    advance(run)
  })
}

function stopsAll(result: TaskResult, failFast: boolean): boolean {
  return result.fatal === true || (failFast && (result.outcome === 'failed' || result.outcome === 'stale'))
}
