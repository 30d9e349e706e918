import type { PolicyState } from '../../../steps/policies/audit-state.ts'
import { violationWords } from '../../../steps/policies/enforce.ts'
import { clipped, duration, padded, type Style } from '../../ui/layout.ts'

const HEAD = ['POLICY', 'ENFORCEMENT', 'VIOLATIONS', 'AUDITED'] as const

/** A line for each policy, then what breaks each. */
export function statusText(states: readonly PolicyState[], now: number, { paint, width }: Style): string {
  const rows = states.map((state) => rowOf(state, now))
  const columns = HEAD.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, index) => padded(cell, (columns[index] ?? 0) + 2)).join('')
  const lines = [paint.bold(line(HEAD).trimEnd()), ...rows.map((row) => line(row).trimEnd())]
  return [...lines, ...states.flatMap((state) => brokenBy(state, width))].join('\n')
}

function rowOf(state: PolicyState, now: number): readonly string[] {
  const { policy, absent, enforcement = '', configured, audit, outdated } = state
  if (absent !== undefined) return [policy.name, 'none', '-', `never: ${absent}`]
  const differs = configured === undefined || configured === enforcement ? '' : ` (configured: ${configured})`
  // What nobody has looked for is not nothing.
  const total = audit === undefined ? 'unknown' : String(audit.total)
  const age = audit === undefined ? [] : [`${duration(Math.max(0, now - audit.at))} ago`]
  return [
    policy.name,
    `${enforcement}${differs}`,
    total,
    [...age, ...(outdated === undefined ? [] : [outdated])].join(': '),
  ]
}

function brokenBy({ policy, audit }: PolicyState, width: number): readonly string[] {
  if (audit === undefined || audit.total === 0) return []
  const shown = audit.violations.map((violation) => `  ${clipped(violationWords(violation), width - 2)}`)
  const more = audit.total - audit.violations.length
  return ['', `${policy.name}:`, ...shown, ...(more > 0 ? [`  and ${more} more, which Gatekeeper does not list`] : [])]
}
