import type { KubeObject } from '../../src/ports/index.ts'
import { bytesOf, coresOf } from '../../src/ports/quantity.ts'
import type { Rule } from './scene.ts'

interface Resources {
  readonly requests?: Readonly<Record<string, string>>
}

/** A pod that no node takes: all are cordoned, tainted, of other labels, or too small for it. */
export const noNode: Rule = async (cause, { kube, signal }) => {
  if (cause.code === 'NoNode' || cause.about?.kind !== 'Pod') return undefined
  const pod = await kube.find(cause.about, signal)
  if (pod === undefined || !isUnschedulable(pod)) return undefined
  const nodes = await kube.list({ apiVersion: 'v1', kind: 'Node' }, signal)
  const root = allCordoned(nodes) ?? noneSelected(pod, nodes) ?? allTainted(pod, nodes) ?? tooLarge(pod, nodes)
  if (root === undefined) return undefined
  const { name, namespace } = pod.metadata
  return {
    code: 'NoNode',
    message: `${root.why}, so Pod ${namespace}/${name} finds none`,
    evidence: [cause.message, ...(cause.evidence ?? [])],
    hint: root.hint,
    about: cause.about,
  }
}

function isUnschedulable({ status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as {
    conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
  }
  return conditions.some(
    ({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason === 'Unschedulable',
  )
}

function allCordoned(nodes: readonly KubeObject[]) {
  if (nodes.length === 0)
    return { why: 'the cluster has no nodes', hint: 'aws eks list-nodegroups --cluster-name CLUSTER' }
  const cordoned = nodes.filter(({ spec }) => (spec as { unschedulable?: boolean } | undefined)?.unschedulable === true)
  if (cordoned.length < nodes.length) return undefined
  return {
    why: `all ${nodes.length} nodes are cordoned`,
    hint: `kubectl uncordon ${nodes[0]?.metadata.name ?? 'NODE'}`,
  }
}

interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
}

/** The labels that the pod selects are on no node. */
function noneSelected(pod: KubeObject, nodes: readonly KubeObject[]) {
  const { nodeSelector = {} } = (pod.spec ?? {}) as { nodeSelector?: Readonly<Record<string, string>> }
  const wanted = Object.entries(nodeSelector)
  const fits = ({ metadata }: KubeObject) => wanted.every(([label, value]) => metadata.labels?.[label] === value)
  if (wanted.length === 0 || nodes.some(fits)) return undefined
  const labels = wanted.map(([label, value]) => `${label}=${value}`).join(', ')
  return {
    why: `no node has the labels ${labels} that it selects`,
    hint: `kubectl get nodes --show-labels; add a node with them, or change nodeSelector in components.NAME.values`,
  }
}

/** Source: k8s.io/component-helpers scheduling/corev1/helpers.go, FindMatchingUntoleratedTaint. */
function allTainted(pod: KubeObject, nodes: readonly KubeObject[]) {
  const { tolerations = [] } = (pod.spec ?? {}) as { tolerations?: readonly Toleration[] }
  const untolerated = nodes.map(({ spec }) =>
    ((spec as { taints?: readonly Taint[] } | undefined)?.taints ?? []).find(
      (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((one) => tolerates(one, taint)),
    ),
  )
  if (untolerated.some((taint) => taint === undefined)) return undefined
  const words = new Set(
    untolerated.flatMap((taint) =>
      taint === undefined ? [] : `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`,
    ),
  )
  return {
    why: `all ${nodes.length} nodes have taints that it does not tolerate (${[...words].join(', ')})`,
    hint: 'kubectl describe nodes; take the taint away, add a node without it, or set tolerations in components.NAME.values',
  }
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  return operator === 'Exists' || (key !== undefined && value === (taint.value ?? ''))
}

function tooLarge(pod: KubeObject, nodes: readonly KubeObject[]) {
  const { containers = [] } = (pod.spec ?? {}) as { containers?: readonly { readonly resources?: Resources }[] }
  const sum = (resource: string, read: (text: string) => number): number =>
    containers.reduce((total, { resources }) => total + read(resources?.requests?.[resource] ?? '0'), 0)
  const largest = (resource: string, read: (text: string) => number): number =>
    Math.max(
      ...nodes.map(({ status }) =>
        read((status as { allocatable?: Record<string, string> })?.allocatable?.[resource] ?? '0'),
      ),
    )
  for (const [resource, read] of [
    ['memory', bytesOf],
    ['cpu', coresOf],
  ] as const) {
    const [asked, most] = [sum(resource, read), largest(resource, read)]
    if (asked <= most) continue
    const shown = (value: number): string => (resource === 'cpu' ? String(value) : `${Math.round(value / 1024 ** 2)}Mi`)
    return {
      why: `it asks for ${shown(asked)} of ${resource}, and the largest node has ${shown(most)}`,
      hint: 'ask for less in the configuration, or add a larger node',
    }
  }
  return undefined
}
