import type { RunEvent, StepInfo } from '../engine/events.ts'
import { indented } from './layout.ts'
import { createPaint } from './paint.ts'
import { eventLines } from './plain.ts'
import type { View, ViewOptions } from './run-view.ts'
import { drawTree, type TreeDrawing } from './tree-drawing.ts'

/** Steps beneath their components, redrawn in place while they run; lines before and after. */
export function createTreeView({ stderr, colors }: ViewOptions): View {
  const paint = createPaint(colors)
  const steps = new Map<string, StepInfo>()
  const ended = new Set<string>()
  let drawing: TreeDrawing | undefined
  let queued: string[] = []

  function print(event: RunEvent): void {
    if (!WORTH_A_LINE.has(event.type)) return
    const lines = eventLines(event, { paint, causes: 'short' }).map(
      (line) => `${wrapped(line, stderr.columns ?? 80)}\n`,
    )
    if (drawing === undefined) for (const line of lines) stderr.write(line)
    else queued.push(...lines)
  }

  function flush(): void {
    drawing = undefined
    for (const line of queued) stderr.write(line)
    queued = []
  }

  function draw(): void {
    const open = [...steps.values()].filter((step) => step.off === undefined && !ended.has(step.id))
    drawing = drawTree(open, { paint, stream: stderr, onEnd: flush })
  }

  function onEvent(event: RunEvent): void {
    if ('steps' in event) for (const step of event.steps) steps.set(step.id, step)
    if (event.type === 'step-started' && drawing === undefined && !ended.has(event.step)) draw()
    if (drawing?.take(event) !== true) print(event)
    if (event.type === 'step-finished') ended.add(event.step)
  }

  return {
    onEvent,
    close: async () => {
      await drawing?.close()
    },
  }
}

function wrapped(line: string, columns: number): string {
  return indented(line, columns, [line.length - line.trimStart().length, 2])
}

/** Outside the tree a terminal shows little: what was looked at is in the plan, what came of it in the summary. */
const WORTH_A_LINE: ReadonlySet<RunEvent['type']> = new Set(['note', 'look-finished', 'check-finished'])
