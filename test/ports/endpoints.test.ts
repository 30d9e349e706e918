import { expect, it } from 'vitest'
import { endpointsOf, isReady } from '../../src/ports/endpoints.ts'
import type { KubeObject } from '../../src/ports/index.ts'

const slice = (service: string, endpoints: unknown): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service}-x`, labels: { 'kubernetes.io/service-name': service } },
  endpoints,
})

it.each([
  ['ready', [slice('a', [{ conditions: { ready: true } }])], true],
  ['unknown, which counts as ready', [slice('a', [{ conditions: {} }, { conditions: { ready: false } }])], true],
  ['not ready', [slice('a', [{ conditions: { ready: false } }])], false],
  ['an empty list, as the API server writes it', [slice('a', null)], false],
  ['in its second slice', [slice('a', undefined), slice('a', [{}])], true],
  ['of another Service', [slice('b', [{}])], false],
  ['nowhere', [], false],
])('an endpoint that is %s', (_, slices, ready) => {
  expect(endpointsOf('a', slices).some(isReady)).toBe(ready)
})
