import { describeOrigin } from '../../config/origin.ts'
import { type Override, overridesOf } from '../../config/overrides.ts'
import { clipped } from '../../ui/layout.ts'
import type { World } from '../world.ts'

/** A list or a long text is told apart by its beginning. */
const VALUE_COLUMNS = 60

/** The user's values of each component's chart, one line each: `replicas = 5  (llmgw.yaml:9:5)`. */
export function overrideLines({ loaded }: Pick<World, 'loaded'>): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>()
  for (const override of overridesOf(loaded))
    lines.set(override.component, [...(lines.get(override.component) ?? []), lineOf(override)])
  return lines
}

function lineOf({ keys, value, origin }: Override): string {
  const place = origin === undefined ? '' : `  (${describeOrigin(origin)})`
  return `${keys.join('.')} = ${clipped(JSON.stringify(value) ?? 'nothing', VALUE_COLUMNS)}${place}`
}
