import type { ComponentState } from '../../engine/decide.ts'

/** The components that were named, without what they need; all when none was. */
export function ownComponents(all: readonly ComponentState[], named: readonly string[]): readonly ComponentState[] {
  return named.length === 0 ? all : all.filter(({ component }) => named.includes(component))
}
