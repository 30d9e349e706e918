import type { Rendering } from '../../src/adapters/helm/template.ts'
import { isTree, type Tree, valueAt } from '../../src/config/merge.ts'
import type { ReleaseSpec } from '../../src/ports/index.ts'
import { setPaths } from './extract-values.ts'
import type { Keys } from './template-reads.ts'

type Render = (values: ReleaseSpec['values']) => Promise<Rendering>

/** Paths of our values by whether a rendering changes with them. */
export interface Proof {
  readonly effective: readonly Keys[]
  readonly dead: readonly Keys[]
}

const AT_ONCE = 2

/**
 * Takes each value away, and where that changes nothing (it is the chart's default) puts another in its place.
 * @throws Error when the values do not render at all
 */
export async function prove(values: ReleaseSpec['values'], known: ReadonlySet<string>, render: Render): Promise<Proof> {
  const base = textOf(await render(values))
  const noise = noiseOf(base, textOf(await render(values)))
  const without = (text: string) =>
    text
      .split('\n')
      .filter((line) => !noise.has(keyOf(line)))
      .join('\n')
  const wanted = without(base)
  const differs = async (changed: Tree) => {
    const rendering = await render(changed)
    // A chart that refuses a value has read it.
    return 'failure' in rendering || without(rendering.text) !== wanted
  }
  const open = setPaths(values).filter((keys) => !known.has(JSON.stringify(keys)))
  const effective: Keys[] = []
  const dead: Keys[] = []
  const work = async () => {
    for (let keys = open.pop(); keys !== undefined; keys = open.pop()) {
      const has =
        (await differs(withValue(values, keys))) ||
        (await differs(withValue(values, keys, other(valueAt(values, keys)))))
      ;(has ? effective : dead).push(keys)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { effective, dead }
}

function textOf(rendering: Rendering): string {
  if ('failure' in rendering) throw new Error(rendering.failure)
  return rendering.text
}

/** Charts make passwords and certificates up: lines with these keys differ from one rendering to the next. */
function noiseOf(one: string, another: string): ReadonlySet<string> {
  const [first, second] = [one.split('\n'), new Set(another.split('\n'))]
  return new Set(first.filter((line) => !second.has(line)).map(keyOf))
}

const keyOf = (line: string): string => line.split(':')[0] ?? ''

/** The values with another one at this path, or without it. */
function withValue(values: Tree, [key = '', ...rest]: Keys, value?: unknown): Tree {
  const others = Object.entries(values).filter(([name]) => name !== key)
  const below = values[key]
  const changed = rest.length > 0 && isTree(below) ? withValue(below, rest, value) : value
  return Object.fromEntries(changed === undefined ? others : [...others, [key, changed]])
}

/** A value of the same kind that is another one. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return `${value}9`
  if (Array.isArray(value)) return value.length > 0 ? [] : ['llmgw']
  return isTree(value) ? { llmgw: 'probe' } : 'llmgw'
}
