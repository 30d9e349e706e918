import {
  ListrDefaultRendererLogLevels as Level,
  Listr,
  ListrLogger,
  type ListrTask,
  ListrTaskState,
  ProcessOutput,
} from 'listr2'
import type { Outcome, RunEvent, StepInfo } from '../engine/events.ts'
import { redact } from '../secret.ts'
import type { Paint } from './paint.ts'
import { rendererOn } from './terminal-renderer.ts'
import { createRow, type Row, rowStatus, updateRow } from './tree-rows.ts'

export interface TreeDrawing {
  /** True when the event belongs to a row. */
  take(event: RunEvent): boolean
  /** Ends the drawing as it is. */
  close(): Promise<void>
}

export interface DrawingOptions {
  readonly paint: Paint
  readonly stream: NodeJS.WritableStream
  /** Called when all rows have ended and the terminal is free again. */
  readonly onEnd: () => void
}

type Wrapper = Parameters<NonNullable<ListrTask['task']>>[1]

interface DrawnRow extends Row {
  readonly title: string
  readonly finished: Promise<void>
  finish(): void
  wrapper?: Wrapper
  /** Its end is drawn: from here on listr2 has the row. */
  closed?: boolean
}

const REFRESH_MS = 1_000
const WORKED: ReadonlySet<Outcome> = new Set(['done', 'removed', 'unchanged', 'left', 'off'])

/** Draws the rows of `steps` until the last of them ends. */
export function drawTree(steps: readonly StepInfo[], options: DrawingOptions): TreeDrawing {
  const rows = new Map(steps.map((info) => [info.id, createDrawnRow(info, steps)]))
  const refresh = (): void => {
    for (const row of rows.values()) show(row, rows, options.paint)
  }
  const timer = setInterval(refresh, REFRESH_MS)
  timer.unref()
  const done = createList(rows, options)
    .run()
    .finally(() => {
      clearInterval(timer)
      options.onEnd()
    })
  return {
    take: (event) => {
      const row = 'step' in event ? rows.get(event.step) : undefined
      if (row === undefined) return false
      updateRow(row, event)
      refresh()
      if (row.end !== undefined) row.finish()
      return true
    },
    close: async () => {
      for (const row of rows.values()) row.finish()
      await done
    },
  }
}

function createDrawnRow(info: StepInfo, steps: readonly StepInfo[]): DrawnRow {
  let finish: () => void = () => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const alone = steps.filter((step) => step.component === info.component).length === 1
  return { ...createRow(info), title: alone ? info.component : info.title, finished, finish }
}

function createList(rows: ReadonlyMap<string, DrawnRow>, { paint, stream }: DrawingOptions): Listr {
  const components = [...new Set([...rows.values()].map((row) => row.info.component))]
  const tasks = components.map((component) => {
    const own = [...rows.values()].filter((row) => row.info.component === component)
    const [first] = own
    return own.length === 1 && first !== undefined
      ? rowTask(first, rows, paint)
      : componentTask(component, own, { rows, paint })
  })
  const output = stream as NodeJS.WriteStream
  const terminal = terminalOn(output)
  return new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    // The caller has decided that this is a terminal; listr2 would judge stdout, which may be a file.
    forceTTY: true,
    renderer: rendererOn(terminal.stdout),
    rendererOptions: {
      collapseErrors: false,
      collapseSubtasks: false,
      color: iconColours(paint),
      logger: new ListrLogger({ processOutput: terminal }),
    },
  })
}

/** Its `stdout` writes past what listr2 keeps back while it draws. listr2 copies the size once; a terminal is resized meanwhile. */
function terminalOn(output: NodeJS.WriteStream): ProcessOutput {
  const terminal = new ProcessOutput(output, output)
  const live = Object.defineProperties(terminal.stdout, {
    columns: { get: () => output.columns },
    rows: { get: () => output.rows },
  })
  return Object.defineProperty(terminal, 'stdout', { value: live })
}

function iconColours(paint: Paint): Record<string, (text?: string) => string> {
  const colour = (use: Paint) => (text?: string) => use(text ?? '')
  return {
    [Level.SKIPPED_WITH_COLLAPSE]: colour(paint.yellow),
    [Level.SKIPPED_WITHOUT_COLLAPSE]: colour(paint.yellow),
    [Level.PENDING]: colour(paint.cyan),
    [Level.COMPLETED]: colour(paint.green),
    [Level.COMPLETED_WITH_FAILED_SUBTASKS]: colour(paint.red),
    [Level.FAILED]: colour(paint.red),
    [Level.FAILED_WITH_FAILED_SUBTASKS]: colour(paint.red),
    [Level.WAITING]: colour(paint.dim),
  }
}

function componentTask(
  component: string,
  own: readonly DrawnRow[],
  { rows, paint }: { readonly rows: ReadonlyMap<string, DrawnRow>; readonly paint: Paint },
): ListrTask {
  return {
    title: component,
    task: (_ctx, wrapper) =>
      wrapper.newListr(
        own.map((row) => rowTask(row, rows, paint)),
        { concurrent: true, exitOnError: false },
      ),
  }
}

function rowTask(row: DrawnRow, rows: ReadonlyMap<string, DrawnRow>, paint: Paint): ListrTask {
  return {
    title: row.title,
    task: async (_ctx, wrapper) => {
      row.wrapper = wrapper
      show(row, rows, paint)
      await row.finished
      endRow(row, wrapper)
    },
  }
}

/** Waiting rows stand still: listr2 takes every concurrent task for started. */
function show(row: DrawnRow, rows: ReadonlyMap<string, DrawnRow>, paint: Paint): void {
  const { wrapper } = row
  if (wrapper === undefined || row.closed) return
  row.closed = row.end !== undefined
  const pending = new Set([...rows.values()].filter(({ end }) => end === undefined).map(({ info }) => info.id))
  const status = rowStatus(row, { at: Date.now(), pending }, paint)
  wrapper.title = redact(`${row.title}  ${status}`)
  const waits = row.phase === 'waiting' && row.end === undefined
  const state = waits ? ListrTaskState.WAITING : ListrTaskState.STARTED
  if (wrapper.task.state !== state) wrapper.task.state$ = state
  if (row.line !== undefined && row.end === undefined) wrapper.output = redact(row.line)
}

/** What did not work, also for want of a need or of time, leaves its component without a tick. */
function endRow({ end }: DrawnRow, wrapper: Wrapper): void {
  if (end !== undefined && WORKED.has(end.outcome)) return
  // listr2 draws no message that equals the title.
  throw new Error(end === undefined || end.why === '' ? wrapper.title : redact(end.why))
}
