import { describe, expect, it } from 'vitest'
import type { Tree } from '../../src/config/merge.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { openwebui } from '../../steps/openwebui/openwebui.ts'
import { secrets } from '../../steps/secrets.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { changesOf, check, converge, destroy, plan, rotated } from './run.ts'

type Env = Readonly<Record<string, unknown>>

async function valuesOf(config: Tree = {}) {
  return (await openwebui.spec(fakeWorld({ config }))).values
}

const envOf = async (config: Tree = {}) => (await valuesOf(config)).extraEnvVars as Env
const reference = (key: string) => ({ valueFrom: { secretKeyRef: { name: 'openwebui-secrets', key } } })

async function deployed() {
  const world = fakeWorld()
  await converge(namespaces, world)
  await converge(secrets, world)
  await converge(openwebui, world)
  return world
}

describe('open webui', () => {
  // Defect 67: a Redis of the chart's own without password or limits; defaults that start servers nobody asked for.
  it('starts nothing beside itself', async () => {
    expect(await valuesOf()).toMatchObject({
      ollama: { enabled: false },
      pipelines: { enabled: false },
      tika: { enabled: false },
      terminals: { enabled: false },
      websocket: { manager: '', redis: { enabled: false } },
    })
  })

  it('has the gateway as its only provider, with a key of its own', async () => {
    const world = fakeWorld()
    expect(await valuesOf()).toMatchObject({
      openaiBaseApiUrls: ['http://litellm.litellm.svc:4000/v1'],
      openaiApiKeysExistingSecret: 'openwebui-secrets',
      openaiApiKeysExistingSecretKey: 'openai-api-key',
    })
    const synced = world.config.secrets.synced.find(({ name }) => name === 'openwebui-secrets')
    expect(synced?.keys).toMatchObject({ 'openai-api-key': 'openwebui-litellm-key' })
  })

  it('gets the master key where there is no database, and the plan says so', async () => {
    const lean = fakeWorld({ config: { preset: 'lean' } })
    const synced = lean.config.secrets.synced.find(({ name }) => name === 'openwebui-secrets')
    expect(synced?.keys).toMatchObject({ 'openai-api-key': 'litellm-master-key' })
    expect(changesOf(await check(openwebui, lean))[0]?.detail).toBe(
      'open-webui 1.0.0, with the master key of LiteLLM, since without a database it knows no other',
    )
    expect(changesOf(await check(openwebui, fakeWorld()))[0]?.detail).toBe('open-webui 1.0.0')
  })

  it('never copies its settings into its database, fetches nothing and shows users the models', async () => {
    expect(await envOf()).toMatchObject({
      ENABLE_PERSISTENT_CONFIG: 'False',
      OFFLINE_MODE: 'True',
      BYPASS_MODEL_ACCESS_CONTROL: 'True',
      WEBUI_SECRET_KEY: reference('webui-secret-key'),
    })
  })

  it('logs in through the identity provider alone, at the address that it knows', async () => {
    const env = await envOf({
      ui: { url: 'https://chat.example.com/' },
      auth: { oidc: { rolesClaim: 'groups', allowedRoles: ['llm', 'ops'], adminRoles: ['ops'] } },
    })
    expect(env).toMatchObject({
      WEBUI_URL: 'https://chat.example.com/',
      OPENID_REDIRECT_URI: 'https://chat.example.com/oauth/oidc/callback',
      OPENID_PROVIDER_URL: reference('oidc-provider-url'),
      OAUTH_CLIENT_SECRET: reference('oidc-client-secret'),
      ENABLE_PASSWORD_AUTH: 'False',
      ENABLE_OAUTH_SIGNUP: 'True',
      DEFAULT_USER_ROLE: 'user',
      ENABLE_OAUTH_ROLE_MANAGEMENT: 'True',
      OAUTH_ROLES_CLAIM: 'groups',
      OAUTH_ALLOWED_ROLES: 'llm,ops',
      OAUTH_ADMIN_ROLES: 'ops',
    })
    expect(env).not.toHaveProperty('WEBUI_ADMIN_EMAIL')
    expect(await envOf()).not.toHaveProperty('ENABLE_OAUTH_ROLE_MANAGEMENT')
  })

  it('makes its first administrator itself where accounts are local', async () => {
    const env = await envOf({ auth: { ui: 'local' } })
    expect(env).toMatchObject({
      WEBUI_ADMIN_EMAIL: 'admin@llmgw.internal',
      WEBUI_ADMIN_PASSWORD: reference('webui-admin-password'),
      ENABLE_SIGNUP: 'False',
    })
    expect(Object.keys(env).filter((name) => name.startsWith('OAUTH_'))).toEqual([])
  })

  // Names that Open WebUI does not know, or that mean something else: the predecessor set them.
  it.each(['OAUTH_PROVIDER', 'ADMIN_EMAIL', 'OAUTH_GROUPS_CLAIM', 'ENABLE_RATE_LIMIT'])(
    'does not set %s',
    async (name) => {
      expect(await envOf()).not.toHaveProperty(name)
    },
  )

  it('names its user to the gateway only where the gateway trusts it', async () => {
    expect(await envOf()).toMatchObject({ ENABLE_FORWARD_USER_INFO_HEADERS: 'True' })
    const auth = { gateway: { mode: 'shared-key', forwardUserHeaders: false } }
    expect(await envOf({ auth })).not.toHaveProperty('ENABLE_FORWARD_USER_INFO_HEADERS')
  })

  // Defect 68: several replicas on one SQLite file.
  it('shares database, sessions and vectors between several pods', async () => {
    const ui = { replicas: 3, database: 'postgresql', storage: { access: 'ReadWriteMany', className: 'efs' } }
    expect(await valuesOf({ ui })).toMatchObject({
      replicaCount: 3,
      persistence: { accessModes: ['ReadWriteMany'], storageClass: 'efs' },
      extraEnvVars: {
        DATABASE_URL: reference('webui-database-url'),
        VECTOR_DB: 'pgvector',
        REDIS_PASSWORD: reference('redis-password'),
        REDIS_URL: 'redis://:$(REDIS_PASSWORD)@redis-redis-ha-haproxy.litellm.svc:6379/1',
        WEBSOCKET_MANAGER: 'redis',
      },
    })
    const lone = await envOf()
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'WEBSOCKET_MANAGER']) expect(lone).not.toHaveProperty(name)
  })

  it('sends spans where Jaeger takes them', async () => {
    expect(await envOf()).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger.monitoring.svc:4317' })
    expect(await envOf({ tracing: { kind: 'none' } })).not.toHaveProperty('ENABLE_OTEL')
  })

  it('restarts when one of its secrets gets another version', async () => {
    const world = await deployed()
    expect((await check(openwebui, world)).state).toBe('current')
    rotated(world, 'openwebui/webui-secret-key')
    expect(plan(await check(openwebui, world))).toEqual(['update helm release open-webui/open-webui'])
    expect((await converge(openwebui, world)).state).toBe('current')
  })

  it('leaves what users keep when it is removed, unless asked to delete volumes', async () => {
    const world = await deployed()
    const claims = () => world.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'open-webui' })
    expect(await destroy(openwebui, world)).toEqual(['1 volumes are kept: open-webui'])
    expect(await claims()).toHaveLength(1)
    expect((await converge(openwebui, world)).state).toBe('current')
    await destroy(openwebui, world.with({ options: { destroy: { crds: false, volumes: true, secrets: 'schedule' } } }))
    expect(await claims()).toEqual([])
  })

  it('is no step where there is no interface', () => {
    expect(openwebui.off?.(fakeWorld({ config: { ui: { kind: 'none' } } }))).toBe('ui.kind is none')
  })
})
