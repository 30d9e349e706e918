import { type EffectiveValue, effectiveValues } from './effective.ts'
import type { LoadedConfig } from './load.ts'

/** A chart value that the user sets over ours. */
export interface Override {
  /** Component whose chart it is for. */
  readonly component: string
  /** Keys from the root of the chart's values; a list is one value. */
  readonly keys: readonly string[]
  readonly value: unknown
  readonly origin: EffectiveValue['origin']
}

/** Every chart value of `components`, passwords in URLs masked. */
export function overridesOf(loaded: Pick<LoadedConfig, 'config' | 'origins'>): readonly Override[] {
  return effectiveValues(loaded).flatMap(({ keys: [section, component, part, ...keys], value, origin }) =>
    section === 'components' && component !== undefined && part === 'values' && keys.length > 0
      ? [{ component, keys, value, origin }]
      : [],
  )
}
