import { StepError } from '../../../errors.ts'
import type { HeldKey } from './bundle.ts'

const CURRENT = 'AWSCURRENT'
const PREVIOUS = 'AWSPREVIOUS'

/** Versions of a key with their labels, as AWS tells those of a secret. An empty text is a place without a value. */
export function labelledVersions({
  value,
  version,
  labels,
  other,
}: HeldKey): Readonly<Record<string, readonly string[]>> {
  if (value === '') return {}
  const second = other !== undefined && other.labels.length > 0 ? { [other.version]: other.labels } : {}
  return { [version]: [CURRENT, ...labels], ...second }
}

interface NewVersion {
  readonly value: string
  readonly label: string
  readonly version: string
}

/** The key with a second version under a label of ours; undefined where it has it already. */
export function withVersion(held: HeldKey, { value, label, version }: NewVersion): HeldKey | undefined {
  const known = [held, held.other].find((one) => one?.version === version)
  if (known !== undefined) {
    if (known.value === value) return undefined
    throw new StepError('AlreadyExists', `version ${version} already exists, with another value`)
  }
  return { ...held, labels: without(held.labels, label), other: { version, value, labels: [label] } }
}

/** The key with its second version as the current one; undefined where it is. */
export function promoted(held: HeldKey, version: string): HeldKey | undefined {
  const { other } = held
  if (held.version === version) return undefined
  if (other?.version !== version) throw new StepError('AwsFailed', `there is no version ${version}`)
  return {
    value: other.value,
    version: other.version,
    labels: without(other.labels, PREVIOUS),
    other: { value: held.value, version: held.version, labels: [...held.labels, PREVIOUS] },
  }
}

/** The key without a label; the second version goes with its last one. Undefined where no version has it. */
export function withoutLabel(held: HeldKey, label: string): HeldKey | undefined {
  const { other, labels } = held
  if (labels.includes(label)) return { ...held, labels: without(labels, label) }
  if (other === undefined || !other.labels.includes(label)) return undefined
  const left = without(other.labels, label)
  return { ...held, other: left.length === 0 ? undefined : { ...other, labels: left } }
}

const without = (labels: readonly string[], label: string): string[] => labels.filter((one) => one !== label)
