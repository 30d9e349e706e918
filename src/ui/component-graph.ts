import type { StepInfo } from '../engine/events.ts'
import type { Style } from './layout.ts'
import { indented } from './layout.ts'

/** Components with their steps and what each needs, as text. */
export function renderGraph(steps: readonly StepInfo[], { paint, width }: Style): string {
  const names = [...new Set(steps.map((step) => step.component))]
  const blocks = names.map((name) => {
    const own = steps.filter((step) => step.component === name)
    return [paint.bold(name), ...own.flatMap((step) => stepLines(step, width))].join('\n')
  })
  return blocks.join('\n')
}

function stepLines({ id, title, needs, off }: StepInfo, width: number): readonly string[] {
  const head = indented(`${id}  ${title}${off === undefined ? '' : ` (off: ${off})`}`, width, [2, 2])
  if (needs.length === 0) return [head]
  return [head, indented(`needs ${needs.map((need) => `${need.edge}(${need.id})`).join(', ')}`, width, [4, 6])]
}

/** The same for Graphviz: an arrow points from a need to its dependant, dashed where `applied` is enough. */
export function renderDot(steps: readonly StepInfo[]): string {
  const names = [...new Set(steps.map((step) => step.component))]
  const clusters = names.flatMap((name) => [
    `  subgraph ${quoted(`cluster_${name}`)} {`,
    `    label=${quoted(name)}`,
    ...steps.filter((step) => step.component === name).map((step) => `    ${quoted(step.id)}`),
    '  }',
  ])
  const edges = steps.flatMap((step) =>
    step.needs.map(
      (need) => `  ${quoted(need.id)} -> ${quoted(step.id)}${need.edge === 'applied' ? ' [style=dashed]' : ''}`,
    ),
  )
  return ['digraph llmgw {', '  rankdir=LR', ...clusters, ...edges, '}'].join('\n')
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
