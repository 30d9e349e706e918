import { describe, expect, it } from 'vitest'
import { namespaces } from '../../steps/namespaces.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { causeIn, changesOf, check, converge, destroy, plan } from './run.ts'

const named = (name: string, labels: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
  status: { phase: 'Active' },
})
const find = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', name })

describe('namespaces', () => {
  it('gives each its Pod Security levels and our mark', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    const operator = await world.kube.find(find('external-secrets'))
    expect(operator?.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'llmgw.dev/deployment': 'llmgw',
      'app.kubernetes.io/managed-by': 'llmgw',
    })
    const gateway = await world.kube.find(find('litellm'))
    expect(gateway?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('baseline')
  })

  it('takes every level from the namespace of the node exporter, and from no other', async () => {
    const level = async (nodeExporter: boolean) => {
      const world = fakeWorld({ config: { monitoring: { nodeExporter } } })
      await converge(namespaces, world)
      const all = await Promise.all(['monitoring', 'litellm'].map((name) => world.kube.find(find(name))))
      return all.map((found) => found?.metadata.labels?.['pod-security.kubernetes.io/enforce'])
    }
    expect(await level(true)).toEqual(['privileged', 'baseline'])
    expect(await level(false)).toEqual(['baseline', 'baseline'])
  })

  it('takes the weakest level where roles share a namespace', async () => {
    const world = fakeWorld({
      config: {
        namespaces: { gateway: 'all', ui: 'all', monitoring: 'all', secrets: 'all', policy: 'all' },
        monitoring: { nodeExporter: false },
      },
    })
    const seen = await check(namespaces, world)
    expect(plan(seen)).toEqual(['create namespace all'])
    await converge(namespaces, world)
    const labels = (await world.kube.find(find('all')))?.metadata.labels
    expect(labels?.['pod-security.kubernetes.io/enforce']).toBe('baseline')
  })

  it('creates only the missing one', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    await world.kube.remove(find('monitoring'))
    expect(plan(await check(namespaces, world))).toEqual(['create namespace monitoring'])
  })

  it('sees and mends a label that somebody changed', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    await world.kube.patch(find('litellm'), {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    })
    const seen = await check(namespaces, world)
    expect(seen.state).toBe('drifted')
    expect(changesOf(seen)[0]?.fields).toEqual([
      { path: 'metadata.labels.pod-security.kubernetes.io/enforce', before: 'privileged', after: 'baseline' },
    ])
    expect((await converge(namespaces, world)).state).toBe('current')
  })

  it('leaves labels of others alone', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    await world.kube.patch(find('litellm'), { metadata: { labels: { team: 'ml' } } })
    expect((await check(namespaces, world)).state).toBe('current')
  })

  it('refuses a namespace of another deployment, even with --adopt', async () => {
    const world = fakeWorld({ options: { adopt: true } })
    world.kube.seed(named('litellm', { 'llmgw.dev/deployment': 'other' }))
    await expect(check(namespaces, world)).rejects.toMatchObject({ code: 'ForeignOwner', exitCode: 3 })
    expect(world.writes()).toEqual([])
  })

  it('adopts one that nobody owns only with --adopt', async () => {
    const world = fakeWorld()
    world.kube.seed(named('litellm', { team: 'ml' }))
    await expect(check(namespaces, world)).rejects.toMatchObject({ code: 'NotOwned' })
    const adopting = world.with({ options: { adopt: true } })
    expect(plan(await check(namespaces, adopting))).toContain('adopt namespace litellm')
    expect((await converge(namespaces, adopting)).state).toBe('current')
    expect((await world.kube.find(find('litellm')))?.metadata.labels?.team).toBe('ml')
  })

  it('is broken while one is being deleted, and says what holds it', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    const live = await world.kube.find(find('monitoring'))
    world.kube.seed({
      ...named('monitoring', live?.metadata.labels),
      metadata: { name: 'monitoring', labels: live?.metadata.labels ?? {}, finalizers: ['example.com/hold'] },
    })
    await world.kube.remove(find('monitoring'))
    world.kube.setStatus(find('monitoring'), {
      phase: 'Terminating',
      conditions: [{ type: 'NamespaceContentRemaining', status: 'True', message: 'some pods are left' }],
    })
    const seen = await check(namespaces, world)
    expect(seen.state).toBe('broken')
    expect(causeIn(seen)).toMatchObject({ code: 'NamespaceTerminating', evidence: ['some pods are left'] })
  })

  it('destroys what is empty and ours, and tells what it leaves', async () => {
    const world = fakeWorld()
    await converge(namespaces, world)
    world.kube.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-root-ca.crt', namespace: 'open-webui' },
    })
    world.kube.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs', namespace: 'litellm' } })
    const reports = await destroy(namespaces, world)
    expect(reports).toContain('namespace litellm is left, it still holds configmap theirs')
    expect(await world.kube.find(find('litellm'))).toBeDefined()
    expect(await world.kube.find(find('open-webui'))).toBeUndefined()
  })

  it('never destroys a namespace of the cluster itself, though it be marked as ours', async () => {
    const world = fakeWorld({ config: { namespaces: { policy: 'kube-public' } }, options: { adopt: true } })
    await converge(namespaces, world)
    await destroy(namespaces, world)
    expect(await world.kube.find(find('kube-public'))).toBeDefined()
  })
})
