import type { KubeObject } from '../../src/ports/index.ts'
import { isDefaultClass, STORAGE_CLASS } from '../../src/ports/storage-class.ts'
import { namespaceNames } from '../names.ts'
import type { DoctorCheck } from './finding.ts'
import { schedulableNodes } from './nodes.ts'

const ZONES = ['topology.kubernetes.io/zone', 'topology.ebs.csi.aws.com/zone']

interface Term {
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

interface VolumeSpec {
  readonly claimRef?: { readonly namespace?: string; readonly name?: string }
  readonly nodeAffinity?: { readonly required?: { readonly nodeSelectorTerms?: readonly Term[] } }
}

interface ClassFields {
  readonly volumeBindingMode?: string
  readonly allowedTopologies?: readonly {
    readonly matchLabelExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[]
  }[]
}

/** Volumes stay in the zone that they were made in: nodes must be there, and new ones must be made where their pod will run. */
export const volumeZones: DoctorCheck = {
  id: 'volume-zones',
  title: 'Zones of volumes',
  asks: 'cluster',
  async run(ctx) {
    const { kube, signal, config } = ctx
    const [nodes, volumes, classes] = await Promise.all([
      schedulableNodes(ctx),
      kube.list({ apiVersion: 'v1', kind: 'PersistentVolume' }, signal),
      kube.list(STORAGE_CLASS, signal),
    ])
    const zones = new Set(nodes.flatMap(({ zone }) => zone ?? []))
    const own = new Set(namespaceNames(config))
    const bound = volumes.filter(({ spec }) => own.has((spec as VolumeSpec).claimRef?.namespace ?? ''))
    const stranded = bound.filter((volume) => {
      const where = zonesOf(volume)
      return where.length > 0 && !where.some((zone) => zones.has(zone))
    })
    if (stranded.length > 0)
      return {
        result: 'fail',
        evidence: `no schedulable node stands where they are: ${stranded.map(words).join('; ')}`,
        fix: `bring a node back to ${[...new Set(stranded.flatMap(zonesOf))].join(', ')}: the pod of a volume can run nowhere else`,
      }
    return early(classes, zones) ?? { result: 'pass', evidence: evidenceOf(bound, zones) }
  },
}

/** A class that makes a volume before its pod has a node may make it where no pod can run. */
function early(classes: readonly KubeObject[], zones: ReadonlySet<string>) {
  const standard = classes.find(isDefaultClass)
  if (standard === undefined) return undefined
  const { volumeBindingMode, allowedTopologies = [] } = standard as ClassFields
  const { name } = standard.metadata
  const allowed = allowedTopologies.flatMap(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.filter(({ key }) => ZONES.includes(key)).flatMap(({ values }) => values),
  )
  if (allowed.length > 0 && !allowed.some((zone) => zones.has(zone)))
    return {
      result: 'fail' as const,
      evidence: `class ${name} makes volumes in ${allowed.join(', ')} only, and no schedulable node is there`,
      fix: `change allowedTopologies of the class, or bring nodes to ${allowed.join(', ')}`,
    }
  if (volumeBindingMode !== 'Immediate' || zones.size < 2) return undefined
  return {
    result: 'warn' as const,
    evidence: `class ${name} makes a volume before its pod has a node (volumeBindingMode Immediate), in any of ${zones.size} zones`,
    fix: 'make a class with volumeBindingMode WaitForFirstConsumer the default: the mode of a class cannot be changed',
  }
}

function zonesOf({ spec }: KubeObject): readonly string[] {
  const terms = (spec as VolumeSpec).nodeAffinity?.required?.nodeSelectorTerms ?? []
  return terms.flatMap(({ matchExpressions = [] }) =>
    matchExpressions
      .filter(({ key, operator }) => ZONES.includes(key) && operator === 'In')
      .flatMap(({ values = [] }) => values),
  )
}

const words = (volume: KubeObject): string => {
  const { namespace, name } = (volume.spec as VolumeSpec).claimRef ?? {}
  return `${namespace}/${name} in ${zonesOf(volume).join(', ')}`
}

const evidenceOf = (bound: readonly KubeObject[], zones: ReadonlySet<string>): string =>
  `${bound.length} volumes of ours, nodes in ${zones.size === 0 ? 'no zone that is named' : [...zones].sort().join(', ')}`
