import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'

interface Replicated {
  readonly replicas?: number
  readonly storage?: { readonly volumeClaimTemplate?: { readonly metadata?: { readonly name?: string } } }
}

/** Kinds of the Prometheus operator of which it makes a StatefulSet. */
const KINDS = new Set(['Prometheus', 'Alertmanager'])

const isReplicated = ({ apiVersion, kind }: KubeObject) =>
  apiVersion.startsWith('monitoring.coreos.com/') && KINDS.has(kind)

/** StatefulSet that an operator makes of an object of a release: `<kind>-<name>`. Source: prometheus-operator, pkg/prometheus/server/statefulset.go. */
export function operatorSets(object: KubeObject, releaseNamespace: string): readonly ObjectRef[] {
  if (!isReplicated(object)) return []
  const { namespace = releaseNamespace } = object.metadata
  return [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: setName(object), namespace }]
}

/** Volume claims of that StatefulSet, whose volume is `<kind>-<name>-db` unless told. */
export function operatorClaims(object: KubeObject, releaseNamespace: string): readonly ObjectRef[] {
  if (!isReplicated(object)) return []
  const { replicas = 1, storage } = (object.spec ?? {}) as Replicated
  const template = storage?.volumeClaimTemplate
  if (template === undefined) return []
  const { namespace = releaseNamespace } = object.metadata
  const set = setName(object)
  return Array.from({ length: replicas }, (_, ordinal) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    name: `${template.metadata?.name ?? `${set}-db`}-${set}-${ordinal}`,
    namespace,
  }))
}

const setName = ({ kind, metadata }: KubeObject): string => `${kind.toLowerCase()}-${metadata.name}`
