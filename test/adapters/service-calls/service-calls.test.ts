import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { createServiceCalls } from '../../../src/adapters/service-calls/service-calls.ts'
import type { Kube, KubeObject } from '../../../src/ports/kube.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'

const SERVICE = { namespace: 'litellm', name: 'litellm', port: 80, component: 'litellm' } as const
const metadata = { name: 'litellm', namespace: 'litellm' }
const kwok = { 'kwok.x-k8s.io/node': 'fake' }
const node = (annotations: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'one', annotations },
})
const door = (port: number): KubeObject => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'PortForward',
  metadata,
  spec: { forwards: [{ ports: [port] }] },
})

/** A pod behind a Service, to which a connection gives this. */
function cluster(objects: readonly KubeObject[], connect: () => Duplex): Kube {
  const kube = fakeKube()
  const labels = { app: 'litellm' }
  kube.seed({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: labels, ports: [{ port: 80, targetPort: 4000 }] },
  })
  kube.seed({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, labels },
    spec: { nodeName: 'one', containers: [] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })
  for (const object of objects) kube.seed(object)
  return { ...kube, connect: async () => connect() }
}

const refusing = () =>
  new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(new Error('connection refused')) })
const answering = () => {
  const stream: Duplex = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      stream.push('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')
      stream.push(null)
      done()
    },
  })
  return stream
}

test('an answer is an answer, whoever gives it', async () => {
  const { status } = await createServiceCalls(cluster([node(kwok)], answering)).call(SERVICE, { path: '/' })
  expect(status).toBe(204)
})

test.each([
  ['a pod of kwok that leads nowhere is simulated', [node(kwok)], 'PodSimulated'],
  ['so is a port of it that leads nowhere', [node(kwok), door(4001)], 'PodSimulated'],
  ['a real process of the sandbox that does not answer is none', [node(kwok), door(4000)], 'ServiceUnreachable'],
  ['nor is a pod of a real node', [node({})], 'ServiceUnreachable'],
  ['nor one of a node that nobody may look at', [], 'ServiceUnreachable'],
])('%s', async (_, objects, code) => {
  const calls = createServiceCalls(cluster(objects, refusing))
  await expect(calls.call(SERVICE, { path: '/' })).rejects.toMatchObject({ code })
})
