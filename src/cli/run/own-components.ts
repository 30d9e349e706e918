import type { ComponentState } from '../../engine/decide.ts'
import type { Named } from './components.ts'

/** The components that were named, without what they need; all when none was. */
export function ownComponents(all: readonly ComponentState[], named: Named): readonly ComponentState[] {
  return named.length === 0 ? all : all.filter(({ component }) => named.some((name) => name === component))
}
