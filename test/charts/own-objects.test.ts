import { describe, expect, it } from 'vitest'
import { CONFIGURATIONS } from '../../scripts/charts/configurations.ts'
import { ownObjects } from '../../scripts/charts/own-objects.ts'
import { customFaults } from '../../scripts/charts/rendered/custom-kinds.ts'
import { policyFaults } from '../../scripts/charts/rendered/policies.ts'
import type { Whole } from '../../scripts/charts/rendered/whole.ts'
import type { KubeObject } from '../../src/ports/index.ts'

/** A web server that a client asks, in namespaces of their own. */
function whole(...objects: readonly object[]): Whole {
  const pod = (name: string, namespace: string) => ({
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name, ports: [{ name: 'http', containerPort: 8080 }] }] },
      },
    },
  })
  const all = [pod('web', 'app'), pod('client', 'other'), ...objects].map((one) => ({ apiVersion: 'v1', ...one }))
  return { objects: all as unknown as readonly KubeObject[], synced: [], madeLater: new Set() }
}

const peer = (app: string, namespace: string) => ({
  podSelector: { matchLabels: { app } },
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
})
const policy = (over: { app?: string; from?: object; to?: object; port?: number | string } = {}) => ({
  kind: 'NetworkPolicy',
  metadata: { name: 'web', namespace: 'app' },
  spec: {
    podSelector: { matchLabels: { app: over.app ?? 'web' } },
    ingress: [{ from: [over.from ?? peer('client', 'other')], ports: [{ port: over.port ?? 8080 }] }],
    egress: [{ to: [over.to ?? { ipBlock: { cidr: '10.0.0.0/8' } }] }],
  },
})

describe('a NetworkPolicy', () => {
  it.each([
    ['that lets a client in', policy()],
    ['of a named port', policy({ port: 'http' })],
    ['for everybody', { ...policy(), spec: { podSelector: {} } }],
    ['that leads to a namespace that is not ours', policy({ to: peer('dns', 'kube-system') })],
    ['that leads to Pods of an operator', policy({ to: { ...peer('x', 'app'), podSelector: prometheus() } })],
  ])('%s is in order', (_what, object) => {
    const operated = { kind: 'Prometheus', metadata: { name: 'p', namespace: 'app' }, spec: {} }
    expect(policyFaults(whole(object, operated))).toEqual([])
  })

  it.each([
    ['selects no Pod', policy({ app: 'x' })],
    ['do not open port 80', policy({ port: 80 })],
    ['no Pod in other has {"app":"x"}', policy({ from: peer('x', 'other') })],
    ['no Pod in other has {"app":"x"}', policy({ to: peer('x', 'other') })],
    ['no Pod in app has', policy({ to: { ...peer('x', 'app'), podSelector: prometheus() } })],
  ])('%s', (fault, object) => {
    expect(policyFaults(whole(object))).toEqual([expect.stringContaining(fault)])
  })
})

function prometheus() {
  return { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } }
}

const secret = { kind: 'ExternalSecret', metadata: { name: 's', namespace: 'app' }, spec: { secretStoreRef: store() } }
const backend = (name: string) => ({
  kind: 'ClusterSecretStore',
  metadata: { name: 'aws' },
  spec: { provider: { aws: { auth: { jwt: { serviceAccountRef: { name, namespace: 'app' } } } } } },
})
const account = { kind: 'ServiceAccount', metadata: { name: 'reader', namespace: 'app' } }
const constraint = { apiVersion: 'constraints.gatekeeper.sh/v1beta1', kind: 'NoLatest', metadata: { name: 'c' } }
const template = {
  kind: 'ConstraintTemplate',
  metadata: { name: 'nolatest' },
  spec: { crd: { spec: { names: { kind: 'NoLatest' } } } },
}

function store() {
  return { kind: 'ClusterSecretStore', name: 'aws' }
}

describe('custom objects', () => {
  it('are in order where all that they name is there', () => {
    expect(customFaults(whole(secret, backend('reader'), account, constraint, template))).toEqual([])
  })

  it.each([
    ['ExternalSecret app/s: ClusterSecretStore aws is not there', [secret]],
    ['ClusterSecretStore aws: ServiceAccount app/other is not there', [backend('other'), account]],
    ['NoLatest c: no ConstraintTemplate makes its kind', [constraint]],
  ])('%s', (fault, objects) => {
    expect(customFaults(whole(...objects))).toEqual([fault])
  })
})

describe('what steps apply themselves', () => {
  it.each(Object.keys(CONFIGURATIONS))('is found, and leads somewhere among itself: %s', async (name) => {
    const objects = await ownObjects(CONFIGURATIONS[name] ?? {})
    const kinds = new Set(objects.map(({ kind }) => kind))
    expect([...kinds]).toEqual(expect.arrayContaining(['Namespace', 'ExternalSecret', 'NetworkPolicy']))
    expect(kinds.has('ServiceMonitor')).toBe(name !== 'lean')
    // ServiceAccounts are objects of the charts, which only `npm run charts:lint` renders.
    const faults = customFaults({ objects, synced: [], madeLater: new Set() })
    expect(faults.filter((fault) => !fault.includes('ServiceAccount'))).toEqual([])
  })
})
