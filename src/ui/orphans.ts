import type { Orphan } from '../engine/step.ts'
import { redact } from '../secret.ts'
import { indented, type Style } from './layout.ts'

/** One orphan in a log. */
export function orphanLine({ target, kept }: Orphan): string {
  return `orphaned: ${target}${kept === undefined ? '' : ` (${kept})`}`
}

/** What is no longer wanted, a line each; with `next`, the command that removes it, where one does. */
export function renderOrphans(orphans: readonly Orphan[], { paint, width }: Style, next?: string): string {
  const lines = orphans.map(({ target, kept }) =>
    indented(`${paint.red('-')} ${target}${kept === undefined ? '' : `  (${kept})`}`, width, [2, 2]),
  )
  const prunable = orphans.some(({ kept }) => kept === undefined)
  return redact(
    [
      `${paint.bold('orphaned')}  carries our mark, and the configuration no longer wants it`,
      ...lines,
      ...(next === undefined || !prunable ? [] : [`  remove it with: ${next}`]),
    ].join('\n'),
  )
}
