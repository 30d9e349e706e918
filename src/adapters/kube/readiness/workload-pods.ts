import { eventsIn } from '../../../ports/events.ts'
import type { KubeObject, ListQuery } from '../../../ports/kube.ts'
import { STORAGE_CLASS } from '../../../ports/storage-class.ts'
import { podsIn } from './pods.ts'
import { specOf } from './reader.ts'

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** Pods, events, and the classes of their volumes around a workload. */
export function around(workload: KubeObject): readonly ListQuery[] {
  return [podsIn(workload.metadata.namespace), eventsIn(workload.metadata.namespace), STORAGE_CLASS]
}

/** The pods that a workload's selector chooses. */
export function podsOf(workload: KubeObject, pods: readonly KubeObject[]): KubeObject[] {
  const selector = specOf(workload).selector as LabelSelector | undefined
  return selector === undefined ? [] : pods.filter((pod) => selects(selector, pod.metadata.labels ?? {}))
}

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const byLabel = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return byLabel && (selector.matchExpressions ?? []).every((expression) => holds(expression, labels))
}

function holds(
  { key, operator, values = [] }: { key: string; operator: string; values?: readonly string[] },
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key]
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const isIn = value !== undefined && values.includes(value)
  return operator === 'In' ? isIn : !isIn
}
