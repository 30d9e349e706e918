import { isTree, type Tree } from '../../../src/config/merge.ts'
import type { KubeObject } from '../../../src/ports/index.ts'

/** All objects of a platform as its charts render them, and what else will be there. */
export interface Whole {
  readonly objects: readonly KubeObject[]
  /** Secrets that External Secrets fills, with their keys. */
  readonly synced: readonly { readonly namespace: string; readonly name: string; readonly keys: readonly string[] }[]
  /** `Kind namespace/name` of what a controller makes once it runs. */
  readonly madeLater: ReadonlySet<string>
}

/** A Pod as some workload describes it. */
export interface PodShape {
  /** `Deployment namespace/name`. */
  readonly owner: string
  readonly namespace: string
  readonly labels: Tree
  readonly spec: Tree
}

/** `Kind namespace/name`. */
export function nameOf({ kind, metadata: { name, namespace = '' } }: KubeObject): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
}

/** The mapping below these keys; empty where there is none. */
export function mapping(value: unknown, ...keys: readonly string[]): Tree {
  const found = keys.reduce<unknown>((here, key) => (isTree(here) ? here[key] : undefined), value)
  return isTree(found) ? found : {}
}

/** The mappings of a list below these keys. */
export function entries(value: unknown, ...keys: readonly string[]): readonly Tree[] {
  const found = keys.reduce<unknown>((here, key) => (isTree(here) ? here[key] : undefined), value)
  return Array.isArray(found) ? found.filter(isTree) : []
}

/** Pods of all workloads. */
export function podsOf({ objects }: Whole): readonly PodShape[] {
  return objects.flatMap((object): readonly PodShape[] => {
    const template = templateOf(object)
    if (template === undefined) return []
    const namespace = object.metadata.namespace ?? ''
    return [
      {
        owner: nameOf(object),
        namespace,
        labels: mapping(template, 'metadata', 'labels'),
        spec: mapping(template, 'spec'),
      },
    ]
  })
}

function templateOf({ kind, spec, metadata }: KubeObject): Tree | undefined {
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      return mapping(spec, 'template')
    case 'CronJob':
      return mapping(spec, 'jobTemplate', 'spec', 'template')
    case 'Pod':
      return { metadata, spec }
    default:
      return undefined
  }
}

/** Containers of a Pod, the first ones included. */
export const containersOf = ({ spec }: PodShape): readonly Tree[] => [
  ...entries(spec, 'initContainers'),
  ...entries(spec, 'containers'),
]

/** Whether labels have all that a selector asks for. */
export function selects(selector: Tree, labels: Tree): boolean {
  const wanted =
    'matchLabels' in selector || 'matchExpressions' in selector ? mapping(selector, 'matchLabels') : selector
  const expressions = entries(selector, 'matchExpressions')
  return (
    Object.entries(wanted).every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values }) => {
      const found = labels[String(key)]
      if (operator === 'Exists') return found !== undefined
      if (operator === 'DoesNotExist') return found === undefined
      const listed = Array.isArray(values) && values.includes(found)
      return operator === 'NotIn' ? !listed : listed
    })
  )
}
