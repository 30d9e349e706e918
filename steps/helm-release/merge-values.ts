/** Values of a chart. */
export type Values = Readonly<Record<string, unknown>>

/** As Helm merges values, the last one wins: mappings by key, all else is replaced. A null goes to Helm, which removes the chart's default. */
export function mergeValues(...layers: readonly Values[]): Values {
  return layers.reduce(merge, {})
}

function merge(base: Values, over: Values): Values {
  const changed = Object.entries(over).map(([key, value]) => {
    const below = Object.hasOwn(base, key) ? base[key] : undefined
    return [key, isMap(below) && isMap(value) ? merge(below, value) : value] as const
  })
  // Defines own properties, so that a key such as __proto__ stays data.
  return Object.fromEntries([...Object.entries(base), ...changed])
}

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)
