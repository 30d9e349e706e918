import { describe, expect, test } from 'vitest'
import type { Kube, KubeObject } from '../../src/ports/kube.ts'
import type { Secret } from '../../src/secret.ts'

/** A port, a namespace that exists and is ours alone, and what another field manager does to an object. */
export interface KubeUnderTest {
  readonly kube: Kube
  readonly namespace: string
  /** Server-side apply, by force, as another field manager. */
  applyAs(manager: string, object: KubeObject): Promise<void>
  /** The same API server for somebody who may do nothing. */
  powerless(): Promise<Kube>
}

const DEADLINE_MS = 20_000

/** Of a JWT. */
const claimsIn = (token: Secret): unknown =>
  JSON.parse(Buffer.from(token.reveal().split('.')[1] ?? '', 'base64url').toString())

/** What every `Kube` does; run on the fake and on a real API server. */
export function describeKubeContract(name: string, makeKube: () => Promise<KubeUnderTest>): void {
  describe(`kube contract: ${name}`, () => {
    const configMap = (namespace: string, data: Record<string, string>, label = 'one'): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace, labels: { 'test/name': label } },
      data,
    })
    const ref = (namespace: string, name = 'settings') => ({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace })

    test('what is not there is undefined, an empty list, and false to remove', async () => {
      const { kube, namespace } = await makeKube()
      expect(await kube.find(ref(namespace, 'nothing'))).toBeUndefined()
      expect(await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace })).toEqual([])
      expect(await kube.remove(ref(namespace, 'nothing'))).toBe(false)
      expect(await kube.logs({ namespace, name: 'nothing', tailLines: 5 })).toBe('')
      await expect(kube.connect({ namespace, name: 'nothing', port: 1 })).rejects.toMatchObject({ code: 'NotFound' })
    })

    test('a kind that is not served is absent to read and refused to write', async () => {
      const { kube, namespace } = await makeKube()
      const kind = { apiVersion: 'nobody.example.com/v1', kind: 'Thing' }
      expect(await kube.find({ ...kind, name: 'a', namespace })).toBeUndefined()
      expect(await kube.list(kind)).toEqual([])
      await expect(kube.apply({ ...kind, metadata: { name: 'a', namespace } })).rejects.toMatchObject({
        code: 'KindNotServed',
      })
    })

    test('an object applied into a missing namespace is refused by name', async () => {
      const { kube } = await makeKube()
      await expect(kube.apply(configMap('no-such-namespace', { a: '1' }))).rejects.toMatchObject({
        code: 'NotFound',
        message: expect.stringContaining('no-such-namespace'),
      })
    })

    test('apply creates, changes nothing the second time, and removes what it no longer names', async () => {
      const { kube, namespace } = await makeKube()
      const first = await kube.apply(configMap(namespace, { a: '1', b: '2' }))
      expect(first.metadata.uid).toBeTruthy()
      const second = await kube.apply(configMap(namespace, { a: '1', b: '2' }))
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
      const third = await kube.apply(configMap(namespace, { a: '3' }))
      expect(third.data).toEqual({ a: '3' })
      expect(third.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion)
      const owner = third.metadata.managedFields?.find(({ manager }) => manager === 'llmgw')
      expect(owner).toMatchObject({ operation: 'Apply', fieldsV1: { 'f:data': { 'f:a': {} } } })
    })

    test('tells what we may do and what others may not, also where no such namespace or kind is', async () => {
      const { kube, namespace, powerless } = await makeKube()
      const accesses = [
        { verb: 'create', group: 'apps', resource: 'deployments', namespace },
        { verb: 'patch', group: '', resource: 'secrets', namespace: 'no-such-namespace' },
        { verb: 'patch', group: 'nobody.example.com', resource: 'things' },
      ]
      const other = await powerless()
      for (const access of accesses) {
        expect(await kube.canI(access)).toBe(true)
        expect(await other.canI(access)).toBe(false)
      }
    })

    test('gives a token of a ServiceAccount, for whom it is asked, and stores nothing', async () => {
      const { kube, namespace } = await makeKube()
      const wanted = { audience: 'sts.amazonaws.com', seconds: 600 }
      await expect(kube.serviceAccountToken({ namespace, name: 'nobody' }, wanted)).rejects.toMatchObject({
        code: 'NotFound',
      })
      await kube.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'pod', namespace } })
      const token = await kube.serviceAccountToken({ namespace, name: 'pod' }, wanted)
      expect(claimsIn(token)).toMatchObject({
        sub: `system:serviceaccount:${namespace}:pod`,
        aud: ['sts.amazonaws.com'],
      })
      expect(`${token}`).toBe('***')
      await expect(
        kube.serviceAccountToken({ namespace, name: 'pod' }, { ...wanted, seconds: 1 }),
      ).rejects.toMatchObject({ code: 'KubeInvalid' })
    })

    test('a dry run answers as if and writes nothing', async () => {
      const { kube, namespace } = await makeKube()
      const answer = await kube.apply(configMap(namespace, { a: '1' }), { dryRun: true })
      expect(answer.data).toEqual({ a: '1' })
      expect(await kube.find(ref(namespace))).toBeUndefined()
    })

    test('fields of another manager are a conflict, kept when not named, and taken by force', async () => {
      const { kube, namespace, applyAs } = await makeKube()
      await kube.apply(configMap(namespace, { a: '1' }))
      await applyAs('somebody', configMap(namespace, { a: 'theirs', c: 'theirs' }))
      const mine = configMap(namespace, { a: '2' })
      await expect(kube.apply(mine)).rejects.toMatchObject({
        code: 'KubeConflict',
        cause: expect.stringContaining('.data.a'),
      })
      const forced = await kube.apply(mine, { force: true })
      expect(forced.data).toEqual({ a: '2', c: 'theirs' })
    })

    test('create refuses what is there', async () => {
      const { kube, namespace } = await makeKube()
      await kube.create(configMap(namespace, { a: '1' }))
      await expect(kube.create(configMap(namespace, { a: '2' }))).rejects.toMatchObject({ code: 'AlreadyExists' })
      expect((await kube.find(ref(namespace)))?.data).toEqual({ a: '1' })
    })

    test('patch merges, removes by null, and tells a stale version from a missing object', async () => {
      const { kube, namespace } = await makeKube()
      const made = await kube.apply(configMap(namespace, { a: '1', b: '2' }))
      const patched = await kube.patch(ref(namespace), { data: { b: null, c: '3' } })
      expect(patched.data).toEqual({ a: '1', c: '3' })
      const stale = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { a: '9' } }
      await expect(kube.patch(ref(namespace), stale)).rejects.toMatchObject({ code: 'Conflict' })
      await expect(kube.patch(ref(namespace, 'nothing'), { data: {} })).rejects.toMatchObject({ code: 'NotFound' })
      const fresh = { metadata: { resourceVersion: patched.metadata.resourceVersion }, data: { a: '9' } }
      expect((await kube.patch(ref(namespace), fresh)).data).toEqual({ a: '9', c: '3' })
    })

    test('an invalid object is refused with the words of the server', async () => {
      const { kube, namespace } = await makeKube()
      const invalid = { ...configMap(namespace, {}), metadata: { name: 'Not_A_Name', namespace } }
      await expect(kube.apply(invalid)).rejects.toMatchObject({
        code: 'KubeInvalid',
        cause: expect.stringContaining('Not_A_Name'),
      })
    })

    test('remove spares a successor, and waits for no finalizer', async () => {
      const { kube, namespace } = await makeKube()
      const made = await kube.apply({
        ...configMap(namespace, { a: '1' }),
        metadata: { name: 'settings', namespace, finalizers: ['test.example.com/hold'] },
      })
      expect(await kube.remove(ref(namespace), { uid: 'another-object' })).toBe(false)
      expect((await kube.find(ref(namespace)))?.metadata.deletionTimestamp).toBeUndefined()
      expect(await kube.remove(ref(namespace), { uid: made.metadata.uid ?? '' })).toBe(true)
      expect((await kube.find(ref(namespace)))?.metadata.deletionTimestamp).toBeTruthy()
      await kube.patch(ref(namespace), { metadata: { finalizers: null } })
      expect(await kube.find(ref(namespace))).toBeUndefined()
    })

    test('selectors choose by label and by field', async () => {
      const { kube, namespace } = await makeKube()
      const of = (name: string, label: string): KubeObject => ({
        ...configMap(namespace, {}),
        metadata: { name, namespace, labels: { 'test/name': label } },
      })
      for (const [object, label] of [
        ['first', 'one'],
        ['second', 'two'],
      ] as const)
        await kube.apply(of(object, label))
      const names = async (query: object) => {
        const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace }
        const found = await kube.list({ ...kind, labelSelector: 'test/name', ...query })
        return found.map(({ metadata }) => metadata.name).sort()
      }
      expect(await names({})).toEqual(['first', 'second'])
      expect(await names({ labelSelector: 'test/name=two' })).toEqual(['second'])
      expect(await names({ labelSelector: 'test/name,test/name!=two' })).toEqual(['first'])
      expect(await names({ labelSelector: 'test/name in (one,three)' })).toEqual(['first'])
      expect(await names({ fieldSelector: 'metadata.name=second' })).toEqual(['second'])
    })

    test('gives metadata without the rest when asked for no more', async () => {
      const { kube, namespace } = await makeKube()
      await kube.apply(configMap(namespace, { key: 'value' }))
      const query = { apiVersion: 'v1', kind: 'ConfigMap', namespace, fieldSelector: 'metadata.name=settings' }
      expect(await kube.list(query)).toMatchObject([{ data: { key: 'value' } }])
      expect(await kube.list({ ...query, kind: 'Service', metadataOnly: true })).toEqual([])
      const [found, ...more] = await kube.list({ ...query, metadataOnly: true })
      expect(more).toEqual([])
      expect(found).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace } })
      expect(found).not.toHaveProperty('data')
    })

    test('a watch shows what is there, then each change, then what has gone', async () => {
      const { kube, namespace } = await makeKube()
      const query = { apiVersion: 'v1', kind: 'ConfigMap', namespace, fieldSelector: 'metadata.name=settings' }
      const seen: string[] = []
      const acts = [
        () => kube.apply(configMap(namespace, { a: '1' })),
        () => kube.apply(configMap(namespace, { a: '2' })),
        () => kube.remove(ref(namespace)),
      ]
      for await (const found of kube.watch(query, AbortSignal.timeout(DEADLINE_MS))) {
        seen.push(found.map(({ data }) => (data as { a: string }).a).join() || 'none')
        const act = acts.shift()
        if (!act) break
        await act()
      }
      expect(seen).toEqual(['none', '1', '2', 'none'])
    })

    test('a watch ends at once and without a word when its signal aborts', async () => {
      const { kube, namespace } = await makeKube()
      const controller = new AbortController()
      let snapshots = 0
      for await (const _ of kube.watch({ apiVersion: 'v1', kind: 'ConfigMap', namespace }, controller.signal)) {
        snapshots += 1
        setTimeout(() => controller.abort(), 10)
      }
      expect(snapshots).toBeGreaterThan(0)
    })

    test('what is served has its plural and its group for a name', async () => {
      const { kube } = await makeKube()
      const served = await kube.served()
      expect([...(served ?? [])]).toContain('deployments.apps')
      expect([...(served ?? [])]).not.toContain('things.nobody.example.com')
    })

    test('an aborted signal ends a call with its reason', async () => {
      const { kube, namespace } = await makeKube()
      const reason = new Error('cancelled by the test')
      await expect(kube.find(ref(namespace), AbortSignal.abort(reason))).rejects.toBe(reason)
    })

    test('the version looks like one', async () => {
      const { kube } = await makeKube()
      expect(await kube.version()).toMatch(/^v1\.\d+\.\d+/)
    })
  })
}
