import type { KubeObject } from '../../src/ports/index.ts'
import { quantityOf } from '../../src/ports/quantity.ts'
import { namespaceNames } from '../names.ts'
import type { DoctorCheck } from './finding.ts'

/** A quota that has less left than this share will stop a rollout, which runs old and new pods side by side. */
const TIGHT = 0.1

interface Numbers {
  readonly hard?: Readonly<Record<string, string>>
  readonly used?: Readonly<Record<string, string>>
}

/** Quotas of the namespaces leave room for pods and what these ask for. */
export const quotas: DoctorCheck = {
  id: 'quotas',
  title: 'Quotas of the namespaces',
  asks: 'cluster',
  async run({ config, kube, signal }) {
    const names = new Set(namespaceNames(config))
    const all = await kube.list({ apiVersion: 'v1', kind: 'ResourceQuota' }, signal)
    const own = all.filter(({ metadata }) => names.has(metadata.namespace ?? ''))
    if (own.length === 0) return { result: 'pass', evidence: 'no namespace of the configuration has one' }
    const [full, tight] = [own.flatMap((quota) => scarce(quota, 0)), own.flatMap((quota) => scarce(quota, TIGHT))]
    const fix = 'have it raised, or ask for less: kubectl describe resourcequota -A'
    if (full.length > 0) return { result: 'fail', evidence: `used up: ${full.join('; ')}`, fix }
    if (tight.length > 0) return { result: 'warn', evidence: `nearly used up: ${tight.join('; ')}`, fix }
    const words = own.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    return { result: 'pass', evidence: `room is left in ${words.join(', ')}` }
  },
}

/** Resources of which no more than this share is left. */
function scarce({ metadata, status }: KubeObject, share: number): readonly string[] {
  const { hard = {}, used = {} } = (status ?? {}) as Numbers
  return Object.entries(hard).flatMap(([resource, limit]) => {
    const [most, now] = [quantityOf(limit) ?? 0, quantityOf(used[resource] ?? '0') ?? 0]
    const isScarce = most - now <= most * share
    return isScarce ? [`${resource} ${used[resource] ?? '0'} of ${limit} (${metadata.namespace}/${metadata.name})`] : []
  })
}
