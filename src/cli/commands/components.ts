import { components as known, steps } from '../../../steps/index.ts'
import { COMPONENTS } from '../../config/schema.ts'
import { buildGraph } from '../../engine/graph.ts'
import { renderGraph } from '../../ui/component-graph.ts'
import { createPaint } from '../../ui/paint.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { ALIASES } from '../run/components.ts'
import { usesColors } from '../run/stage.ts'

/** `llmgw components`: the names that other commands take; asks nobody. @returns exit code */
export async function components(flags: GlobalFlags & { readonly graph: boolean }, host: Host): Promise<number> {
  const { order } = buildGraph(steps)
  const infos = order.map(({ id, title, component, needs }) => ({
    id,
    title,
    component,
    needs: needs.map(({ edge, step }) => ({ edge, id: step.id })),
  }))
  const list = COMPONENTS.flatMap((name) => {
    const info = known.find((component) => component.name === name)
    if (info === undefined) return []
    const aliases = Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name)
    return [{ name, title: info.title, aliases }]
  })
  if (flags.output !== 'text') {
    host.stdout.write(`${JSON.stringify({ components: list, ...(flags.graph ? { steps: infos } : {}) })}\n`)
    return 0
  }
  const columns = Math.max(...list.map(({ name }) => name.length))
  const lines = list.map(({ name, title, aliases }) => {
    const also = aliases.length > 0 ? ` (also: ${aliases.join(', ')})` : ''
    return `${name.padEnd(columns)}  ${title}${also}`
  })
  const style = { paint: createPaint(usesColors(flags, host, host.stdout)), width: host.stdout.columns ?? 100 }
  host.stdout.write(`${lines.join('\n')}\n${flags.graph ? `\n${renderGraph(infos, style)}\n` : ''}`)
  return 0
}
