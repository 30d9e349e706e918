import { describe, expect, test } from 'vitest'
import type { Helm, Kube, KubeObject, ReleaseSpec } from '../../src/ports/index.ts'

/** A port whose chart key `echo` is test/fixtures/charts/echo, and a namespace that exists and is ours alone. */
export interface HelmUnderTest {
  readonly helm: Helm
  readonly kube: Kube
  readonly namespace: string
  /** Name of the deployment that releases are marked with. */
  readonly deployment: string
  /** Server-side apply, by force, as another field manager. */
  applyAs(manager: string, object: KubeObject): Promise<void>
}

const PASSWORD = 'planted-canary-password'

export function echo(namespace: string, values: Readonly<Record<string, unknown>> = {}): ReleaseSpec {
  return { name: 'echo', namespace, chart: 'echo', values: { password: PASSWORD, ...values }, timeoutMs: 30_000 }
}

const run = () => ({ signal: new AbortController().signal, report: () => undefined })
const removal = () => ({ signal: new AbortController().signal, timeoutMs: 30_000 })
const deployment = (namespace: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'echo', namespace })
const configMap = (namespace: string, name = 'echo') => ({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace })

function edited(namespace: string, message: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'echo', namespace },
    spec: {
      selector: { matchLabels: { 'app.kubernetes.io/instance': 'echo' } },
      template: {
        metadata: { labels: { 'app.kubernetes.io/instance': 'echo' } },
        spec: { containers: [{ name: 'main', image: 'echo:1', env: [{ name: 'MESSAGE', value: message }] }] },
      },
    },
  }
}

/** What every `Helm` does; run on the fake, and on the real helm with a real API server. */
export function describeHelmContract(name: string, makeHelm: () => Promise<HelmUnderTest>): void {
  describe(`helm contract: ${name}`, () => {
    test('a release that is not there is undefined to find and false to uninstall', async () => {
      const { helm, namespace } = await makeHelm()
      expect(await helm.find('echo', namespace)).toBeUndefined()
      expect(await helm.uninstall('echo', namespace, removal())).toBe(false)
    })

    test('releases of the deployment are found in any namespace, but for those that are known', async () => {
      const { helm, namespace } = await makeHelm()
      const found = async (except: Parameters<Helm['owned']>[0]) =>
        (await helm.owned(except)).filter((record) => record.namespace === namespace)
      expect(await found([])).toEqual([])
      await helm.upgrade(echo(namespace), run())
      await helm.upgrade(echo(namespace, { message: 'again' }), run())
      expect(await found([])).toMatchObject([{ name: 'echo', revision: 2, status: 'deployed' }])
      expect(await found([{ name: 'other', namespace }])).toHaveLength(1)
      expect(await found([{ name: 'echo', namespace: 'elsewhere' }])).toHaveLength(1)
      expect(await found([{ name: 'echo', namespace }])).toEqual([])
    })

    test('an install writes the objects and a record of what it was made from', async () => {
      const { helm, kube, namespace, deployment: owner } = await makeHelm()
      const { digest, chart } = await helm.inputs(echo(namespace))
      await helm.upgrade(echo(namespace), run())
      expect(await helm.find('echo', namespace)).toMatchObject({
        name: 'echo',
        namespace,
        revision: 1,
        status: 'deployed',
        chart: { name: 'echo', version: chart.version, standIn: false },
        inputs: digest,
        deployment: owner,
      })
      expect(await kube.find(deployment(namespace))).toBeDefined()
      const record = await helm.find('echo', namespace)
      expect(record?.manifest.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toContain(
        `Deployment ${namespace}/echo`,
      )
    })

    test('inputs tell values apart, whatever the order of their keys', async () => {
      const { helm, namespace } = await makeHelm()
      const digest = async (values: Readonly<Record<string, unknown>>) =>
        (await helm.inputs({ ...echo(namespace), values })).digest
      expect(await digest({ message: 'a', replicas: 2 })).toBe(await digest({ replicas: 2, message: 'a' }))
      expect(await digest({ message: 'a', replicas: 2 })).not.toBe(await digest({ message: 'a', replicas: 3 }))
    })

    test('an upgrade adds a revision, and removes what is no longer rendered', async () => {
      const { helm, kube, namespace } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      const moved = echo(namespace, { configMap: { name: 'moved' } })
      await helm.upgrade(moved, run())
      const { digest } = await helm.inputs(moved)
      expect(await helm.find('echo', namespace)).toMatchObject({ revision: 2, status: 'deployed', inputs: digest })
      expect(await kube.find(configMap(namespace, 'moved'))).toBeDefined()
      expect(await kube.find(configMap(namespace))).toBeUndefined()
    })

    test('what others edit is drift, until an upgrade writes it back', async () => {
      const { helm, namespace, applyAs } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      const record = async () => (await helm.find('echo', namespace)) ?? expect.fail('the release is gone')
      expect(await helm.drift(await record(), { deep: true })).toEqual([])
      await applyAs('kubectl-edit', edited(namespace, 'edited by hand'))
      expect(await helm.drift(await record(), { deep: false })).toEqual([
        {
          action: 'update',
          target: `deployment ${namespace}/echo`,
          fields: [
            {
              path: 'spec.template.spec.containers[main].env[MESSAGE].value',
              before: 'edited by hand',
              after: 'hello',
            },
          ],
        },
      ])
      await helm.upgrade(echo(namespace), run())
      expect(await helm.drift(await record(), { deep: true })).toEqual([])
    })

    test('a missing object is one to create; only a deep look sees objects that run nothing', async () => {
      const { helm, kube, namespace } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      const record = (await helm.find('echo', namespace)) ?? expect.fail('the release is gone')
      await kube.remove(configMap(namespace))
      expect(await helm.drift(record, { deep: false })).toEqual([])
      expect(await helm.drift(record, { deep: true })).toMatchObject([
        { action: 'create', target: `configmap ${namespace}/echo` },
      ])
      await kube.remove(deployment(namespace))
      expect(await helm.drift(record, { deep: false })).toMatchObject([
        { action: 'create', target: `deployment ${namespace}/echo` },
      ])
    })

    test('a diff tells what an install creates, and nothing once it is installed', async () => {
      const { helm, namespace } = await makeHelm()
      const creates = await helm.diff(echo(namespace))
      expect(creates).toContainEqual({ action: 'create', target: `deployment ${namespace}/echo` })
      expect(await helm.find('echo', namespace)).toBeUndefined()
      await helm.upgrade(echo(namespace), run())
      expect(await helm.diff(echo(namespace))).toEqual([])
    })

    test('a diff names fields, masks secrets, and changes nothing', async () => {
      const { helm, namespace } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      const changes = await helm.diff(echo(namespace, { message: 'new', password: 'planted-canary-another' }))
      expect(changes).toContainEqual({
        action: 'update',
        target: `configmap ${namespace}/echo`,
        fields: [{ path: 'data.message', before: 'hello', after: 'new' }],
      })
      expect(changes).toContainEqual({
        action: 'update',
        target: `secret ${namespace}/echo`,
        fields: [{ path: 'data.password', before: '***', after: '***' }],
      })
      expect(changes.map(({ target }) => target).sort()).toEqual([
        `configmap ${namespace}/echo`,
        `deployment ${namespace}/echo`,
        `secret ${namespace}/echo`,
      ])
      expect(JSON.stringify(changes)).not.toMatch(/planted-canary|cGxhbnRlZC1jYW5hcn/)
      expect(await helm.find('echo', namespace)).toMatchObject({ revision: 1 })
    })

    test('a diff tells what goes away', async () => {
      const { helm, namespace } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      const changes = await helm.diff(echo(namespace, { configMap: { name: 'moved' } }))
      expect(changes).toContainEqual({ action: 'delete', target: `configmap ${namespace}/echo` })
      expect(changes).toContainEqual({ action: 'create', target: `configmap ${namespace}/moved` })
    })

    test('a missing namespace is named', async () => {
      const { helm } = await makeHelm()
      await expect(helm.upgrade(echo('no-such-namespace'), run())).rejects.toMatchObject({
        code: 'HelmNamespaceMissing',
        cause: expect.stringContaining('namespaces "no-such-namespace" not found'),
      })
    })

    test('an aborted upgrade writes nothing', async () => {
      const { helm, namespace } = await makeHelm()
      const signal = AbortSignal.abort()
      await expect(helm.upgrade(echo(namespace), { ...run(), signal })).rejects.toThrow()
      expect(await helm.find('echo', namespace)).toBeUndefined()
    })

    test('a history is empty without a release, and holds every revision, newest first', async () => {
      const { helm, namespace } = await makeHelm()
      expect(await helm.history('echo', namespace)).toEqual([])
      await helm.upgrade(echo(namespace), run())
      await helm.upgrade(echo(namespace, { message: 'new' }), run())
      const inputs = async (values: object) => (await helm.inputs(echo(namespace, { ...values }))).digest
      expect(await helm.history('echo', namespace)).toMatchObject([
        { revision: 2, status: 'deployed', inputs: await inputs({ message: 'new' }) },
        { revision: 1, status: 'superseded', inputs: await inputs({}) },
      ])
      expect(await helm.history('other', namespace)).toEqual([])
    })

    test('a rollback makes a new revision of an old one: its objects, its digest, its owner', async () => {
      const { helm, kube, namespace, deployment: owner } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      await helm.upgrade(echo(namespace, { configMap: { name: 'moved' } }), run())
      await helm.rollback({ name: 'echo', namespace, revision: 1, timeoutMs: 30_000 }, run())
      const { digest } = await helm.inputs(echo(namespace))
      expect(await helm.find('echo', namespace)).toMatchObject({
        revision: 3,
        status: 'deployed',
        inputs: digest,
        deployment: owner,
      })
      const states = (await helm.history('echo', namespace)).map(({ revision, status }) => `${revision} ${status}`)
      expect(states).toEqual(['3 deployed', '2 superseded', '1 superseded'])
      expect(await kube.find(configMap(namespace))).toBeDefined()
      expect(await kube.find(configMap(namespace, 'moved'))).toBeUndefined()
      const record = (await helm.find('echo', namespace)) ?? expect.fail('the release is gone')
      expect(await helm.drift(record, { deep: true })).toEqual([])
    })

    test('a revision that is given up is kept as failed, with the reason', async () => {
      const { helm, namespace } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      await helm.upgrade(echo(namespace, { message: 'new' }), run())
      const givenUp = 'did not get ready'
      await helm.rollback({ name: 'echo', namespace, revision: 1, timeoutMs: 30_000, givenUp }, run())
      expect(await helm.history('echo', namespace)).toMatchObject([
        { revision: 3, status: 'deployed' },
        { revision: 2, status: 'failed', description: givenUp },
        { revision: 1, status: 'superseded' },
      ])
    })

    test('that a revision did not get ready is noted on it, stays behind the next one, and is taken back', async () => {
      const { helm, namespace } = await makeHelm()
      const kept = async () =>
        (await helm.history('echo', namespace)).map((one) => [one.revision, one.unready === true])
      await helm.upgrade(echo(namespace), run())
      const first = (await helm.find('echo', namespace)) ?? expect.fail('the release is gone')
      await helm.noteReady(first, false)
      const noted = await helm.find('echo', namespace)
      expect(noted).toMatchObject({ status: 'deployed', inputs: first.inputs, ownRun: true, unready: true })
      await helm.noteReady(first, true)
      expect(await kept()).toEqual([[1, false]])
      await helm.noteReady(first, false)
      await helm.upgrade(echo(namespace, { message: 'new' }), run())
      expect(await kept()).toEqual([
        [2, false],
        [1, true],
      ])
      // It is about the newest revision only.
      await helm.noteReady(first, true)
      expect(await kept()).toContainEqual([1, true])
    })

    test('a Deployment that was rolled may be recreated from now on, by upgrade and by rollback', async () => {
      const { helm, kube, namespace } = await makeHelm()
      const strategy = async () => (await kube.find(deployment(namespace)))?.spec as { strategy?: { type?: string } }
      const recreated = { strategy: { type: 'Recreate' } }
      const rolled = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } }
      await helm.upgrade(echo(namespace), run())
      await helm.upgrade(echo(namespace, recreated), run())
      expect(await strategy()).toMatchObject(recreated)
      await helm.upgrade(echo(namespace, rolled), run())
      expect(await strategy()).toMatchObject(rolled)
      const { revision = 0 } =
        (await helm.history('echo', namespace)).find(({ status }) => status === 'superseded') ?? {}
      await helm.rollback({ name: 'echo', namespace, revision, timeoutMs: 30_000 }, run())
      expect(await strategy()).toMatchObject(recreated)
      expect(await helm.find('echo', namespace)).toMatchObject({ status: 'deployed' })
    })

    test('a rollback to what is not there fails and adds no revision', async () => {
      const { helm, namespace } = await makeHelm()
      const back = (revision: number) => helm.rollback({ name: 'echo', namespace, revision, timeoutMs: 30_000 }, run())
      await expect(back(1)).rejects.toMatchObject({ code: 'HelmFailed' })
      await helm.upgrade(echo(namespace), run())
      await expect(back(7)).rejects.toMatchObject({ code: 'HelmFailed' })
      expect(await helm.history('echo', namespace)).toMatchObject([{ revision: 1, status: 'deployed' }])
    })

    test('an aborted rollback writes nothing', async () => {
      const { helm, namespace } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      await helm.upgrade(echo(namespace, { message: 'new' }), run())
      const release = { name: 'echo', namespace, revision: 1, timeoutMs: 30_000 }
      await expect(helm.rollback(release, { ...run(), signal: AbortSignal.abort() })).rejects.toThrow()
      expect(await helm.find('echo', namespace)).toMatchObject({ revision: 2, status: 'deployed' })
    })

    test('an uninstall removes the objects and the record', async () => {
      const { helm, kube, namespace } = await makeHelm()
      await helm.upgrade(echo(namespace), run())
      expect(await helm.uninstall('echo', namespace, removal())).toBe(true)
      expect(await helm.find('echo', namespace)).toBeUndefined()
      expect(await kube.find(configMap(namespace))).toBeUndefined()
      expect(await helm.uninstall('echo', namespace, removal())).toBe(false)
    })
  })
}
