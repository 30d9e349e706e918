import type { KubeObject } from '../../src/ports/index.ts'

/** An object that a policy is broken by. */
export interface Violation {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly message: string
}

/** What the last audit found; undefined = there was none yet, which is not the same as nothing. */
export interface Audit {
  /** When it began, in milliseconds since the epoch. */
  readonly at: number
  readonly total: number
  /** As many as Gatekeeper keeps. */
  readonly violations: readonly Violation[]
}

interface Status {
  readonly auditTimestamp?: string
  readonly totalViolations?: number
  readonly violations?: readonly Violation[]
}

/** The result that Gatekeeper's audit left on a constraint. Source: Gatekeeper documentation, audit. */
export function auditOf(constraint: KubeObject): Audit | undefined {
  const { auditTimestamp, totalViolations, violations = [] } = (constraint.status ?? {}) as Status
  if (auditTimestamp === undefined || totalViolations === undefined) return undefined
  return { at: Date.parse(auditTimestamp), total: totalViolations, violations }
}

/** The result in words. */
export function auditWords(constraint: KubeObject): string {
  const audit = auditOf(constraint)
  if (audit === undefined) return 'not audited yet'
  return `${count(audit.total)} in the audit of ${new Date(audit.at).toISOString().replace('.000', '')}`
}

const count = (total: number): string =>
  total === 0 ? 'no violation' : total === 1 ? '1 violation' : `${total} violations`

/** When the specification of an object was last written by a field manager of ours. */
export function specWrittenAt({ metadata }: KubeObject): number {
  const times = (metadata.managedFields ?? []).flatMap((entry) => {
    const { subresource, time } = entry as typeof entry & { readonly time?: string }
    return subresource === undefined && time !== undefined ? [Date.parse(time)] : []
  })
  return Math.max(0, Date.parse(metadata.creationTimestamp ?? '') || 0, ...times)
}
