import { describe, expect, it } from 'vitest'
import { StepError } from '../../src/errors.ts'
import type { LlmgwStep, ObjectRef } from '../../src/ports/index.ts'
import { externalSecrets } from '../../steps/external-secrets/external-secrets.ts'
import { secretStore } from '../../steps/external-secrets/secret-store.ts'
import { secretSync } from '../../steps/external-secrets/secret-sync.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { secrets } from '../../steps/secrets.ts'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../fakes/fake-world.ts'
import { causeIn, check, converge, destroy, plan, runtime } from './run.ts'

const API = 'external-secrets.io/v1'
const CREDENTIALS = { apiVersion: API, kind: 'ExternalSecret', name: 'redis-credentials', namespace: 'litellm' }
const COPY = { apiVersion: 'v1', kind: 'Secret', name: 'redis-credentials', namespace: 'litellm' }
const STORE = { apiVersion: API, kind: 'ClusterSecretStore', name: 'aws-secrets-manager' }
const DENIED = 'AccessDeniedException: User is not authorized to perform secretsmanager:GetSecretValue'

async function upTo(last: LlmgwStep<unknown>, overrides: FakeWorldOverrides = {}): Promise<FakeWorld> {
  const world = fakeWorld(overrides)
  for (const step of [namespaces, secrets, externalSecrets, secretStore, secretSync] as readonly LlmgwStep<unknown>[]) {
    await converge(step, world)
    if (step === last) break
  }
  return world
}

/** Resolves when somebody has begun to delete the object. */
async function leaving({ kube }: FakeWorld, { name, ...query }: ObjectRef): Promise<void> {
  const watched = kube.watch({ ...query, fieldSelector: `metadata.name=${name}` }, new AbortController().signal)
  for await (const [object] of watched) if (object?.metadata.deletionTimestamp !== undefined) return
}

describe('the operator', () => {
  it('gets the role on its service account, and keeps CRDs when it goes', async () => {
    const world = await upTo(externalSecrets)
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      name: 'external-secrets',
      namespace: 'external-secrets',
    }
    expect((await world.kube.find(account))?.metadata.annotations).toEqual({
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/llmgw-test-external-secrets',
    })
    const { spec } = world.helm.calls.find(({ method }) => method === 'upgrade') ?? {}
    expect(spec?.values.crds).toEqual({ annotations: { 'helm.sh/resource-policy': 'keep' } })
  })

  it('is usable only when its webhook answers: waits while it does not, and fails with any other refusal', async () => {
    const world = await upTo(namespaces)
    const { ctx, reports } = runtime(world)
    await externalSecrets.apply(ctx, await check(externalSecrets, world))
    const silent = new StepError('WebhookUnavailable', 'admission webhook does not answer')
    world.kube.failNext(({ verb, ref }) => verb === 'apply' && ref.kind === 'ClusterSecretStore', silent, 3)
    await externalSecrets.ready?.(ctx)
    expect(reports.join()).toContain('webhook')
    expect(world.kube.writes.filter(({ ref }) => ref.kind === 'ClusterSecretStore')).toEqual([])
    const denied = new StepError('AdmissionDenied', 'denied')
    world.kube.failNext(({ verb, ref }) => verb === 'apply' && ref.kind === 'ClusterSecretStore', denied)
    await expect(externalSecrets.ready?.(ctx)).rejects.toMatchObject({ code: 'AdmissionDenied' })
  })

  it('is not uninstalled where that would take the CRDs of others with it', async () => {
    const world = await upTo(externalSecrets)
    const record = await world.helm.find('external-secrets', 'external-secrets')
    if (record === undefined) throw new Error('no release')
    const manifest = record.manifest.map((object) => ({ ...object, metadata: { ...object.metadata, annotations: {} } }))
    world.helm.seed({ ...record, manifest })
    await expect(destroy(externalSecrets, world)).rejects.toMatchObject({ code: 'CrdsNotKept' })
  })

  it('does not delete CRDs while others have resources of their kinds, asked or not', async () => {
    const world = await upTo(externalSecrets)
    world.kube.seed({ apiVersion: API, kind: 'ExternalSecret', metadata: { name: 'theirs', namespace: 'default' } })
    const asked = world.with({ options: { destroy: { crds: true, volumes: false, secrets: 'schedule' } } })
    await expect(destroy(externalSecrets, asked)).rejects.toMatchObject({ code: 'ForeignResources' })
    await world.kube.remove({ ...CREDENTIALS, name: 'theirs', namespace: 'default' })
    await destroy(externalSecrets, asked)
    expect(await world.kube.list({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' })).toEqual(
      [],
    )
  })

  it('waits for finalizers: of resources while the operator is there, of CRDs before it says that they are gone', async () => {
    const world = await upTo(externalSecrets)
    const labels = { 'llmgw.dev/deployment': world.config.deployment }
    const left = { ...CREDENTIALS, name: 'left-over', namespace: 'open-webui' }
    const { name, namespace } = left
    const finalizers = ['example.com/held']
    world.kube.seed({ apiVersion: API, kind: 'ExternalSecret', metadata: { name, namespace, labels, finalizers } })
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: 'externalsecrets.external-secrets.io',
    }
    await world.kube.patch(crd, { metadata: { finalizers } })
    const asked = world.with({ options: { destroy: { crds: true, volumes: false, secrets: 'schedule' } } })
    const destroyed = destroy(externalSecrets, asked)
    await leaving(world, left)
    expect(await world.helm.find('external-secrets', 'external-secrets')).toBeDefined()
    await world.kube.patch(left, { metadata: { finalizers: null } })
    await leaving(world, crd)
    expect(await world.helm.find('external-secrets', 'external-secrets')).toBeUndefined()
    expect(await Promise.race([destroyed.then(() => 'ended'), Promise.resolve('waits')])).toBe('waits')
    await world.kube.patch(crd, { metadata: { finalizers: null } })
    await destroyed
    expect(await world.kube.find(crd)).toBeUndefined()
  })
})

describe('the store', () => {
  it('reads with the role of the operator, for our namespaces only', async () => {
    const world = await upTo(secretStore)
    expect((await world.kube.find(STORE))?.spec).toEqual({
      provider: {
        aws: {
          service: 'SecretsManager',
          region: 'us-east-1',
          auth: { jwt: { serviceAccountRef: { name: 'external-secrets', namespace: 'external-secrets' } } },
        },
      },
      conditions: [{ namespaces: ['litellm', 'monitoring', 'open-webui'] }],
    })
  })

  it("is broken with AWS's own words, and tried again at once when repaired", async () => {
    const world = await upTo(secretStore)
    world.kube.settle(STORE, {
      failed: 'api error AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    })
    const seen = await check(secretStore, world)
    expect(causeIn(seen).message).toContain('Not authorized to perform sts:AssumeRoleWithWebIdentity')
    expect(plan(seen)).toEqual(['update clustersecretstore aws-secrets-manager'])
    expect((await converge(secretStore, world)).state).toBe('current')
  })

  it('sees and mends a changed spec', async () => {
    const world = await upTo(secretStore)
    await world.kube.patch(STORE, { spec: { provider: { aws: { region: 'eu-west-1' } } } })
    expect((await check(secretStore, world)).state).toBe('drifted')
    expect((await converge(secretStore, world)).state).toBe('current')
  })

  it('refuses and leaves that of another deployment', async () => {
    const world = await upTo(externalSecrets)
    const labels = { 'llmgw.dev/deployment': 'other' }
    world.kube.seed({ apiVersion: API, kind: 'ClusterSecretStore', metadata: { name: STORE.name, labels }, spec: {} })
    await expect(check(secretStore, world)).rejects.toMatchObject({ code: 'ForeignOwner' })
    expect(await destroy(secretStore, world)).toHaveLength(1)
    expect(await world.kube.find(STORE)).toBeDefined()
  })
})

describe('synced secrets', () => {
  it('take each key from its logical secret', async () => {
    const world = await upTo(secretSync)
    expect((await world.kube.find(CREDENTIALS))?.spec).toMatchObject({
      refreshInterval: '1h0m0s',
      secretStoreRef: { kind: 'ClusterSecretStore', name: 'aws-secrets-manager' },
      data: [{ secretKey: 'redis-password', remoteRef: { key: 'litellm/redis-password' } }],
    })
  })

  it("are broken with AWS's own words when AWS denies, and synced at once after the repair", async () => {
    const world = await upTo(secretSync)
    world.kube.settle(CREDENTIALS, { failed: `api error ${DENIED}` })
    const seen = await check(secretSync, world)
    expect(causeIn(seen).message).toContain(DENIED)
    const written = world.kube.writes.length
    expect((await converge(secretSync, world)).state).toBe('current')
    expect(world.kube.writes.slice(written).map(({ verb, ref }) => `${verb} ${ref.name}`)).toContain(
      'patch redis-credentials',
    )
    expect((await world.kube.find(CREDENTIALS))?.metadata.annotations?.['force-sync']).toBeDefined()
  })

  it('lose what others added to them, where that is what breaks them', async () => {
    const world = await upTo(secretSync)
    const asking = { key: 'litellm/redis-password', property: 'pass-word' }
    await world.kube.patch(CREDENTIALS, { spec: { data: [{ secretKey: 'redis-password', remoteRef: asking }] } })
    world.kube.settle(CREDENTIALS, { failed: 'key pass-word does not exist in secret litellm/redis-password' })
    expect((await converge(secretSync, world)).state).toBe('current')
    const live = await world.kube.find(CREDENTIALS)
    expect(live?.spec).toMatchObject({ data: [{ remoteRef: { key: 'litellm/redis-password' } }] })
    expect(JSON.stringify(live?.spec)).not.toContain('pass-word')
  })

  it('end a fresh run with the cause, not with a timeout', async () => {
    const verdict: FakeWorldOverrides['verdict'] = ({ name }) =>
      name === 'redis-credentials' ? { failed: `api error ${DENIED}` } : 'ready'
    await expect(upTo(secretSync, { verdict })).rejects.toMatchObject({
      code: 'SecretNotSynced',
      message: expect.stringContaining(DENIED),
    })
  })

  it('are broken where a key is gone from the Secret, though they say they are synced', async () => {
    const world = await upTo(secretSync)
    await world.kube.patch(COPY, { data: { 'redis-password': null } })
    expect(causeIn(await check(secretSync, world))).toMatchObject({ code: 'SyncedKeysMissing' })
    expect((await converge(secretSync, world)).state).toBe('current')
  })

  it('see and mend a changed spec; defaults that the API server adds are no change', async () => {
    const world = await upTo(secretSync)
    const key = { key: 'litellm/redis-password', conversionStrategy: 'Default', decodingStrategy: 'None' }
    await world.kube.patch(CREDENTIALS, { spec: { data: [{ secretKey: 'redis-password', remoteRef: key }] } })
    expect((await check(secretSync, world)).state).toBe('current')
    const other = { ...key, key: 'litellm/other' }
    await world.kube.patch(CREDENTIALS, { spec: { data: [{ secretKey: 'redis-password', remoteRef: other }] } })
    expect(plan(await check(secretSync, world))).toEqual(['update externalsecret litellm/redis-credentials'])
    expect((await converge(secretSync, world)).state).toBe('current')
  })

  it('are settling while the operator has not got to them', async () => {
    const world = await upTo(secretSync)
    world.kube.setStatus(CREDENTIALS, {})
    expect((await check(secretSync, world)).state).toBe('settling')
  })
})
