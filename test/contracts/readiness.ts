import { describe, expect, test } from 'vitest'
import type { Kube, KubeObject, Readiness } from '../../src/ports/index.ts'

/** A port over a cluster with controllers, and a namespace that exists and is ours alone. */
export interface ReadinessUnderTest {
  readonly kube: Kube
  readonly readiness: Readiness
  readonly namespace: string
}

const IMAGE = 'registry.example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000'
/** A node label that no node has. */
export const NOWHERE = 'test.example.com/nowhere'

const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject) => ({
  apiVersion,
  kind,
  name,
  namespace,
})

/** Two pods of an image that nobody pulls. */
function deploymentOf(namespace: string, options: { readonly nowhere?: boolean } = {}): KubeObject {
  const labels = { app: 'web' }
  const nodeSelector = options.nowhere ? { nodeSelector: { [NOWHERE]: 'true' } } : {}
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...nodeSelector, containers: [{ name: 'app', image: IMAGE }] } },
    },
  }
}

function statefulSetOf(namespace: string): KubeObject {
  const { spec, metadata } = deploymentOf(namespace)
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: { ...(spec as object), serviceName: 'web' } }
}

function jobOf(namespace: string): KubeObject {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: IMAGE }] } }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once', namespace }, spec: { template } }
}

function definitionOf(namespace: string): KubeObject {
  const group = `${namespace}.example.com`
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
}

/** What every `Readiness` does; run on the fake with simulated controllers and on a real control plane. */
export function describeReadinessContract(name: string, makeReadiness: () => Promise<ReadinessUnderTest>): void {
  describe(`readiness contract: ${name}`, () => {
    const options = (timeoutMs: number, lines: string[] = []) => ({
      timeoutMs,
      signal: new AbortController().signal,
      report: (line: string) => void lines.push(line),
    })

    test('what is not there is absent; a kind without a reader is ready when it exists', async () => {
      const { readiness, namespace } = await makeReadiness()
      const nothing = refOf(deploymentOf(namespace))
      const home = { apiVersion: 'v1', kind: 'Namespace', name: namespace }
      const healths = await readiness.look([nothing, home, { ...nothing, kind: 'StatefulSet' }])
      expect(healths.map(({ health }) => health)).toEqual(['absent', 'ready', 'absent'])
      expect(healths[0]?.ref).toEqual(nothing)
    })

    test.each([
      ['Deployment', deploymentOf],
      ['StatefulSet', statefulSetOf],
      ['Job', jobOf],
      ['CustomResourceDefinition', definitionOf],
    ])('a %s is waited for until it is ready', async (_kind, make) => {
      const { kube, readiness, namespace } = await makeReadiness()
      const object = make(namespace)
      await kube.apply(object)
      await readiness.wait([refOf(object)], options(30_000))
      expect((await readiness.look([refOf(object)])).map(({ health }) => health)).toEqual(['ready'])
    })

    test('of several definitions those are ready that are served, until they are taken away', async () => {
      const { kube, readiness, namespace } = await makeReadiness()
      const thing = definitionOf(namespace)
      const other = definitionOf(`other-${namespace}`)
      await kube.apply(thing)
      await readiness.wait([refOf(thing)], options(30_000))
      const healths = async () => (await readiness.look([refOf(thing), refOf(other)])).map(({ health }) => health)
      await expect.poll(healths, { timeout: 20_000 }).toEqual(['ready', 'absent'])
      await kube.remove(refOf(thing))
      await expect.poll(healths, { timeout: 20_000 }).toEqual(['absent', 'absent'])
    })

    test('a wait for what is created later ends when it is ready', async () => {
      const { kube, readiness, namespace } = await makeReadiness()
      const lines: string[] = []
      const waiting = readiness.wait([refOf(deploymentOf(namespace))], {
        ...options(30_000),
        report(line) {
          lines.push(line)
          if (lines.length === 1) void kube.apply(deploymentOf(namespace))
        },
      })
      await waiting
      expect(lines[0]).toBe('web is not there yet')
    })

    test('what does not get ready ends with NotReady, naming it and how far it is', async () => {
      const { kube, readiness, namespace } = await makeReadiness()
      await kube.apply(deploymentOf(namespace, { nowhere: true }))
      const lines: string[] = []
      const waiting = readiness.wait([refOf(deploymentOf(namespace))], options(3_000, lines))
      await expect(waiting).rejects.toMatchObject({
        code: 'NotReady',
        message: expect.stringMatching(/Deployment .*\/web \(.*0\/2 ready/),
      })
      expect(lines).toContainEqual(expect.stringMatching(/^web 0\/2 ready/))
    })

    test('pods that may not be created end the wait with the words of who refuses them', async () => {
      const { kube, readiness, namespace } = await makeReadiness()
      const spec = { hard: { pods: '0' } }
      await kube.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none', namespace }, spec })
      await kube.apply(deploymentOf(namespace))
      await expect(readiness.wait([refOf(deploymentOf(namespace))], options(30_000))).rejects.toMatchObject({
        code: 'FailedCreate',
        message: expect.stringContaining('exceeded quota'),
      })
      const [health] = await readiness.look([refOf(deploymentOf(namespace))])
      expect(health).toMatchObject({ health: 'failed', cause: { code: 'FailedCreate' } })
    })

    test('an aborted signal ends a wait with its reason', async () => {
      const { readiness, namespace } = await makeReadiness()
      const controller = new AbortController()
      const reason = new Error('cancelled by the test')
      const report = () => controller.abort(reason)
      const waiting = readiness.wait([refOf(deploymentOf(namespace))], {
        ...options(30_000),
        signal: controller.signal,
        report,
      })
      await expect(waiting).rejects.toBe(reason)
    })
  })
}
