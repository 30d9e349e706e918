import type { KubeObject } from '../../src/ports/index.ts'
import { bytesOf, coresOf } from '../../src/ports/quantity.ts'
import type { Rule } from './scene.ts'

interface Resources {
  readonly requests?: Readonly<Record<string, string>>
}

/** A pod that no node takes: all are cordoned, tainted, or too small for it. */
export const noNode: Rule = async (cause, { kube, signal }) => {
  if (cause.code !== 'Unschedulable' || cause.about === undefined) return undefined
  const [pod, nodes] = await Promise.all([
    kube.find(cause.about, signal),
    kube.list({ apiVersion: 'v1', kind: 'Node' }, signal),
  ])
  if (pod === undefined) return undefined
  const root = allCordoned(nodes) ?? tooLarge(pod, nodes)
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
