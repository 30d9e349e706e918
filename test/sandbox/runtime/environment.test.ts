import { describe, expect, it } from 'vitest'
import { resolveEnvironment } from '../../../src/sandbox/runtime/environment.ts'
import type { Container, Service } from '../../../src/sandbox/runtime/objects.ts'
import { container, dataOf, FACTS, pod, service } from './pods.ts'

const lookup = dataOf({
  'Secret/litellm/litellm-secrets': { 'master-key': 'sk-1', 'database-url': 'postgresql://db' },
  'ConfigMap/litellm/settings': { MODE: 'fast', LEVEL: 'info' },
})

const resolve = async (over: Partial<Container>, services: readonly Service[] = [], spec = {}) =>
  await resolveEnvironment({ pod: pod({ spec }), container: container(over), facts: FACTS, lookup, services })

describe('the environment of a container', () => {
  it('takes values from Secrets and ConfigMaps, and names what is missing in a kubelet’s words', async () => {
    const key = (name: string, key: string) => [{ name: 'KEY', valueFrom: { secretKeyRef: { name, key } } }]
    expect(await resolve({ env: key('litellm-secrets', 'master-key') })).toEqual({ KEY: 'sk-1' })
    await expect(resolve({ env: key('litellm-secrets', 'master') })).rejects.toThrow(
      "couldn't find key master in Secret litellm/litellm-secrets",
    )
    await expect(resolve({ env: key('other', 'master-key') })).rejects.toThrow('secret "other" not found')
    const ref = { configMapKeyRef: { name: 'settings', key: 'MODE' } }
    expect(await resolve({ env: [{ name: 'MODE', valueFrom: ref }] })).toEqual({ MODE: 'fast' })
    const absent = { configMapKeyRef: { name: 'nothing', key: 'MODE' } }
    await expect(resolve({ env: [{ name: 'MODE', valueFrom: absent }] })).rejects.toThrow(
      'configmap "nothing" not found',
    )
  })

  it('leaves out what is optional and not there', async () => {
    const env = [
      { name: 'A', valueFrom: { secretKeyRef: { name: 'other', key: 'x', optional: true } } },
      { name: 'B', valueFrom: { secretKeyRef: { name: 'litellm-secrets', key: 'x', optional: true } } },
      { name: 'C', value: 'c' },
    ]
    expect(await resolve({ env })).toEqual({ C: 'c' })
    expect(await resolve({ envFrom: [{ secretRef: { name: 'other', optional: true } }] })).toEqual({})
  })

  it('imports all keys with a prefix; single variables win', async () => {
    const envFrom = [{ prefix: 'APP_', configMapRef: { name: 'settings' } }]
    expect(await resolve({ envFrom, env: [{ name: 'APP_MODE', value: 'slow' }] })).toEqual({
      APP_MODE: 'slow',
      APP_LEVEL: 'info',
    })
    await expect(resolve({ envFrom: [{ secretRef: { name: 'other' } }] })).rejects.toThrow('secret "other" not found')
  })

  it('expands what was set before, keeps what nobody set, and $$ is a dollar', async () => {
    const env = [
      { name: 'USER', value: 'admin' },
      { name: 'URL', value: 'redis://$(USER):$(LATER)@host/$$(USER)' },
      { name: 'LATER', value: 'x' },
    ]
    expect((await resolve({ env })).URL).toBe('redis://admin:$(LATER)@host/$(USER)')
  })

  it('knows the Pod’s own fields, and its limits in the unit asked for', async () => {
    const field = (fieldPath: string) => ({ name: fieldPath, valueFrom: { fieldRef: { fieldPath } } })
    const limit = { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } }
    const env = [
      field('metadata.name'),
      field('metadata.namespace'),
      field("metadata.labels['app']"),
      field('spec.nodeName'),
      field('spec.serviceAccountName'),
      field('status.podIP'),
      { name: 'MEMORY', valueFrom: limit },
    ]
    const resources = { limits: { memory: '512Mi' } }
    expect(await resolve({ env, resources })).toEqual({
      'metadata.name': 'litellm-1',
      'metadata.namespace': 'litellm',
      "metadata.labels['app']": 'litellm',
      'spec.nodeName': 'node-1',
      'spec.serviceAccountName': 'default',
      'status.podIP': '10.98.1.2',
      MEMORY: '512',
    })
    await expect(resolve({ env: [field('spec.nonsense')] })).rejects.toThrow('unsupported fieldPath')
  })

  it('has the variables of Services, which may surprise: REDIS_PORT is an address', async () => {
    const services = [service('redis'), service('kubernetes', { ports: [{ port: 443 }] }, 'default')]
    const seen = await resolve({}, services)
    expect(seen.REDIS_PORT).toBe('tcp://127.96.0.10:6379')
    expect(seen.REDIS_SERVICE_HOST).toBe('127.96.0.10')
    const without = await resolve({}, services, { enableServiceLinks: false })
    expect(without.REDIS_PORT).toBeUndefined()
    expect(without.KUBERNETES_SERVICE_PORT).toBe('443')
  })
})
