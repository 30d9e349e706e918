import type { KubeObject } from '../../../src/ports/index.ts'
import { mapping, nameOf, type Whole } from './whole.ts'

/** Custom objects that name what nobody makes: stores, ServiceAccounts, templates of constraints. */
export function customFaults(whole: Whole): readonly string[] {
  const there = new Set(whole.objects.map(nameOf))
  const kinds = new Set(
    whole.objects
      .filter(({ kind }) => kind === 'ConstraintTemplate')
      .map(({ spec }) => mapping(spec, 'crd', 'spec', 'names').kind),
  )
  return whole.objects.flatMap((object) => {
    const label = needed(object)
    if (label !== undefined && !there.has(label)) return [`${nameOf(object)}: ${label} is not there`]
    const isConstraint = object.apiVersion.startsWith('constraints.gatekeeper.sh/')
    return isConstraint && !kinds.has(object.kind) ? [`${nameOf(object)}: no ConstraintTemplate makes its kind`] : []
  })
}

/** `Kind namespace/name` of what an object cannot do without. */
function needed({ kind, spec }: KubeObject): string | undefined {
  if (kind === 'ExternalSecret') {
    const { kind: store = 'SecretStore', name } = mapping(spec, 'secretStoreRef')
    return store === 'ClusterSecretStore' ? `ClusterSecretStore ${String(name)}` : undefined
  }
  if (kind !== 'ClusterSecretStore') return undefined
  const { namespace, name } = mapping(spec, 'provider', 'aws', 'auth', 'jwt', 'serviceAccountRef')
  return name === undefined ? undefined : `ServiceAccount ${String(namespace)}/${String(name)}`
}
