import { describe, expect, it } from 'vitest'
import type { Tree } from '../../src/config/merge.ts'
import { NotYetKnown } from '../../src/engine/step.ts'
import { litellm } from '../../steps/litellm/litellm.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { secrets } from '../../steps/secrets.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { check, converge, plan, rotated, runtime } from './run.ts'

type Env = readonly { name: string; value?: string; valueFrom?: unknown }[]

interface Values {
  readonly database: { readonly writer: Tree & { readonly passwordSecret: Tree } }
  readonly extraResources?: readonly Tree[]
  readonly migrationJob: { readonly enabled?: boolean; readonly extraEnv?: Env }
  readonly redis: Tree
  readonly serviceAccounts: Tree
  readonly gateway: {
    readonly extraEnv: Env
    readonly podAnnotations: Readonly<Record<string, string>>
    readonly config: {
      readonly proxy_config: Readonly<Record<string, Tree>> & { readonly model_list: readonly unknown[] }
    }
    readonly [key: string]: unknown
  }
}

async function valuesOf(config: Tree = {}): Promise<Values> {
  return (await litellm.spec(fakeWorld({ config }))).values as unknown as Values
}

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  await converge(namespaces, world)
  await converge(secrets, world)
  await converge(litellm, world)
  return world
}

const envOf = (env: Env, name: string) => env.filter((one) => one.name === name)
const proxyOf = async (config: Tree = {}) => (await valuesOf(config)).gateway.config.proxy_config

describe('litellm', () => {
  it('serves the models of the configuration, and no others', async () => {
    const models = [
      { name: 'nova', provider: 'bedrock', model: 'amazon.nova-lite-v1:0', maxTokens: 4096 },
      { name: 'sonar', provider: 'perplexity', model: 'sonar', apiKeySecret: 'perplexity-key' },
      { name: 'local', provider: 'openai-compatible', model: 'llama', baseUrl: 'http://llm.local/v1' },
      { name: 'smoke', provider: 'mock', model: 'smoke' },
    ]
    const config = {
      models,
      secrets: {
        items: { 'perplexity-key': { class: 'provided', format: 'text', remote: 'perplexity' } },
        synced: [
          {
            namespace: 'gateway',
            name: 'litellm-secrets',
            keys: {
              pplx: 'perplexity-key',
              'master-key': 'litellm-master-key',
              'salt-key': 'litellm-salt-key',
              'database-url': 'litellm-database-url',
            },
          },
        ],
      },
    }
    const { gateway } = await valuesOf(config)
    expect(gateway.config.proxy_config.model_list).toEqual([
      {
        model_name: 'nova',
        litellm_params: { model: 'bedrock/amazon.nova-lite-v1:0', aws_region_name: 'us-east-1', max_tokens: 4096 },
      },
      {
        model_name: 'sonar',
        litellm_params: { model: 'perplexity/sonar', api_key: 'os.environ/MODEL_KEY_PERPLEXITY_KEY' },
      },
      {
        model_name: 'local',
        litellm_params: { model: 'openai/llama', api_base: 'http://llm.local/v1', api_key: 'none' },
      },
      {
        model_name: 'smoke',
        litellm_params: { model: 'openai/smoke', api_key: 'none', mock_response: 'This is a made-up answer of smoke.' },
      },
    ])
    expect(envOf(gateway.extraEnv, 'MODEL_KEY_PERPLEXITY_KEY')).toEqual([
      { name: 'MODEL_KEY_PERPLEXITY_KEY', valueFrom: { secretKeyRef: { name: 'litellm-secrets', key: 'pplx' } } },
    ])
  })

  it('names where a secret that the pods need is not synced to them', async () => {
    const secrets = {
      synced: [{ namespace: 'gateway', name: 'litellm-secrets', keys: { 'master-key': 'litellm-master-key' } }],
    }
    await expect(valuesOf({ secrets })).rejects.toMatchObject({ code: 'SecretNotSyncedThere' })
  })

  // Defects 57, 58 and 59 of the predecessor: a database of the chart's own, migrated in the place of the configured one; a second master key.
  it('gives the proxy and the migrations one database, from the Secret', async () => {
    const { database, migrationJob, gateway, extraResources } = await valuesOf()
    const reference = [
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'litellm-secrets', key: 'database-url' } } },
    ]
    expect(envOf(gateway.extraEnv, 'DATABASE_URL')).toEqual(reference)
    expect(envOf(migrationJob.extraEnv ?? [], 'DATABASE_URL')).toEqual(reference)
    expect(database.writer.passwordSecret).toMatchObject({ name: 'litellm-secrets', usernameKey: 'database-url' })
    expect(extraResources).toBeUndefined()
  })

  it('starts without a database where there is none: an empty user name, no migrations, no salt', async () => {
    const { database, migrationJob, gateway, extraResources } = await valuesOf({ preset: 'lean' })
    const { passwordSecret } = database.writer
    expect(extraResources).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: passwordSecret.name },
        stringData: { username: '', password: '' },
      },
    ])
    expect(migrationJob.enabled).toBe(false)
    const names = gateway.extraEnv.map(({ name }) => name)
    expect(names).not.toContain('DATABASE_URL')
    expect(names).not.toContain('LITELLM_SALT_KEY')
  })

  it('names no variable twice, nor one that the chart writes', async () => {
    const chart = [
      'LITELLM_MASTER_KEY',
      'PROXY_MASTER_KEY',
      'LITELLM_LOG',
      'DATABASE_HOST',
      'DATABASE_PORT',
      'DATABASE_USER',
      'DATABASE_USERNAME',
      'DATABASE_NAME',
      'DATABASE_PASSWORD',
      'DISABLE_SCHEMA_UPDATE',
      'REDIS_HOST',
      'REDIS_PORT',
      'REDIS_PASSWORD',
      'CONFIG_FILE_PATH',
      'NUM_WORKERS',
      'PROMETHEUS_MULTIPROC_DIR',
    ]
    const { gateway, migrationJob } = await valuesOf()
    for (const env of [gateway.extraEnv, migrationJob.extraEnv ?? []]) {
      const all = [...chart, ...env.map(({ name }) => name)]
      expect(all).toEqual([...new Set(all)])
    }
  })

  // Defect 62: the exporter pointed at a Service that no chart has.
  it('sends spans to the Service of Jaeger without what users say, and none where tracing is off', async () => {
    const { gateway } = await valuesOf()
    expect(envOf(gateway.extraEnv, 'OTEL_EXPORTER_OTLP_ENDPOINT')[0]?.value).toBe('http://jaeger.monitoring.svc:4318')
    expect(gateway.config.proxy_config.litellm_settings).toMatchObject({
      callbacks: ['prometheus', 'otel'],
      turn_off_message_logging: true,
    })
    const off = await valuesOf({ tracing: { kind: 'none' } })
    expect(off.gateway.extraEnv.filter(({ name }) => name.startsWith('OTEL_'))).toEqual([])
    expect(off.gateway.config.proxy_config.litellm_settings).toMatchObject({ callbacks: ['prometheus'] })
    const open = await proxyOf({ tracing: { kind: 'jaeger', promptContent: true } })
    expect(open.litellm_settings).toMatchObject({ turn_off_message_logging: false })
  })

  // Defect 69: writes went to read-only replicas.
  it('reaches Redis where its master is, with the password from the Secret; caches only on request', async () => {
    const { redis, gateway } = await valuesOf()
    expect(redis).toEqual({
      host: 'redis-redis-ha-haproxy.litellm.svc',
      port: 6379,
      passwordSecret: { name: 'redis-credentials', passwordKey: 'redis-password' },
    })
    expect(gateway.config.proxy_config.litellm_settings).toMatchObject({
      cache: true,
      cache_params: { type: 'redis', mode: 'default_off', ttl: 600 },
    })
    const without = await valuesOf({ cache: { kind: 'none' } })
    expect(without.redis).toEqual({})
    expect(without.gateway.config.proxy_config.litellm_settings).toMatchObject({ cache: false })
    const always = await proxyOf({ gateway: { responseCache: { mode: 'always', ttl: '1h' } } })
    expect(always.litellm_settings).toMatchObject({ cache_params: { mode: 'default_on', ttl: 3600 } })
  })

  // Defect 70: a region that was written into the values.
  it('takes region and role from the account', async () => {
    const { gateway, serviceAccounts } = await valuesOf()
    expect(envOf(gateway.extraEnv, 'AWS_REGION')).toEqual([{ name: 'AWS_REGION', value: 'us-east-1' }])
    expect(serviceAccounts).toEqual({
      gateway: {
        create: true,
        automount: false,
        name: 'litellm-sa',
        annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/llmgw-test-gateway' },
      },
    })
  })

  it('has a fixed number of pods, or an autoscaler, never both; a lone pod has no budget', async () => {
    expect((await valuesOf()).gateway).toMatchObject({
      replicaCount: 2,
      hpa: { enabled: false },
      pdb: { enabled: true },
    })
    const lone = await valuesOf({ gateway: { replicas: 1 } })
    expect(lone.gateway).toMatchObject({ replicaCount: 1, pdb: { enabled: false } })
    const autoscaling = { kind: 'cpu', minReplicas: 3, maxReplicas: 9 }
    const scaled = await valuesOf({ gateway: { autoscaling } })
    expect(scaled.gateway).toMatchObject({
      hpa: { enabled: true, minReplicas: 3, maxReplicas: 9, targetCPUUtilizationPercentage: 70 },
    })
    expect(scaled.gateway).not.toHaveProperty('replicaCount')
    expect(litellm.pods(scaled as never)).toMatchObject([{ replicas: 3 }])
    expect(litellm.pods((await valuesOf()) as never)).toMatchObject([
      { replicas: 2, containers: [{ requests: { cpu: '1', memory: '4Gi' } }, { requests: { cpu: '50m' } }] },
    ])
  })

  // Defect 61: nothing told LiteLLM who called.
  it('accounts to the user whom Open WebUI names, where it may', async () => {
    const mappings = [
      { header_name: 'X-OpenWebUI-User-Id', litellm_user_role: 'internal_user' },
      { header_name: 'X-OpenWebUI-User-Email', litellm_user_role: 'customer' },
    ]
    expect((await proxyOf()).general_settings).toMatchObject({ user_header_mappings: mappings })
    const silent = await proxyOf({ auth: { gateway: { mode: 'shared-key', forwardUserHeaders: false } } })
    expect(silent.general_settings).not.toHaveProperty('user_header_mappings')
    expect((await proxyOf({ ui: { kind: 'none' } })).general_settings).not.toHaveProperty('user_header_mappings')
  })

  // Defect 60: settings that LiteLLM does not read, and no licence.
  it('lets tokens in by the licensed check, with issuer, audience and licence', async () => {
    const tokens = { issuer: 'https://id.example.com', audience: 'gateway', jwksUrl: 'https://id.example.com/keys' }
    const { gateway } = await valuesOf({ auth: { gateway: { mode: 'enterprise-jwt', ...tokens } } })
    expect(gateway.config.proxy_config.general_settings).toMatchObject({
      enable_jwt_auth: true,
      litellm_jwtauth: { user_id_jwt_field: 'sub', user_email_jwt_field: 'email' },
    })
    expect(gateway.extraEnv).toEqual(
      expect.arrayContaining([
        { name: 'JWT_PUBLIC_KEY_URL', value: tokens.jwksUrl },
        { name: 'JWT_AUDIENCE', value: tokens.audience },
        { name: 'JWT_ISSUER', value: tokens.issuer },
        {
          name: 'LITELLM_LICENSE',
          valueFrom: { secretKeyRef: { name: 'litellm-secrets', key: 'licence' } },
        },
      ]),
    )
    expect((await proxyOf()).general_settings).not.toHaveProperty('enable_jwt_auth')
  })

  it('lets tokens in by its own check, of issuer, audience and models, beside the configuration', async () => {
    const tokens = { issuer: 'https://id.example.com', audience: 'gateway', jwksUrl: 'https://id.example.com/keys' }
    const auth = { gateway: { mode: 'custom-jwt', ...tokens } }
    const { gateway, extraResources } = await valuesOf({ auth })
    expect(gateway.config.proxy_config).toMatchObject({
      general_settings: { custom_auth: 'llmgw_tokens.check', custom_auth_run_common_checks: true },
      litellm_settings: { enable_post_custom_auth_checks: true },
    })
    const [told] = envOf(gateway.extraEnv, 'LLMGW_TOKENS')
    expect(JSON.parse(told?.value ?? '')).toEqual({
      ...tokens,
      algorithms: ['RS256'],
      userClaim: 'sub',
      emailClaim: 'email',
      models: expect.arrayContaining(['claude-sonnet']),
    })
    const file = {
      name: 'litellm-token-check',
      data: { 'llmgw_tokens.py': expect.stringContaining('async def check') },
    }
    expect(extraResources).toMatchObject([{ kind: 'ConfigMap', metadata: { name: file.name }, data: file.data }])
    // The chart reads these objects as templates.
    expect(JSON.stringify(extraResources)).not.toContain('{{')
    expect(gateway.volumes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'tmp' }),
        { name: 'token-check', configMap: { name: file.name } },
      ]),
    )
    expect(gateway.volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: '/app/config/llmgw_tokens.py', subPath: 'llmgw_tokens.py' }),
    )
    expect(gateway.podAnnotations).toHaveProperty(['llmgw.dev/token-check'])
    const without = await valuesOf()
    expect([without.extraResources, envOf(without.gateway.extraEnv, 'LLMGW_TOKENS')]).toEqual([undefined, []])
    expect(without.gateway.volumes).not.toContainEqual(expect.objectContaining({ name: 'token-check' }))
    const lean = await valuesOf({ database: { kind: 'none' }, auth })
    expect(lean.extraResources).toMatchObject([{ kind: 'Secret' }, { kind: 'ConfigMap' }])
  })

  it('keeps rules about words by a module of its own, in questions and answers', async () => {
    const guardrails = { kind: 'rules', words: ['duck'] }
    const { extraResources, gateway } = await valuesOf({ guardrails })
    expect(gateway.config.proxy_config).toMatchObject({
      guardrails: [
        {
          guardrail_name: 'llmgw-rules',
          litellm_params: { guardrail: 'llmgw_guardrails.Rules', mode: ['pre_call', 'post_call'], default_on: true },
        },
      ],
    })
    const [told] = envOf(gateway.extraEnv, 'LLMGW_GUARDRAILS')
    expect(JSON.parse(told?.value ?? '')).toEqual({
      words: ['duck'],
      prefixes: [],
      patterns: [],
      apply: ['input', 'output'],
      action: 'answer',
      message: 'This was blocked by a rule of this service.',
    })
    expect(extraResources).toMatchObject([
      { kind: 'ConfigMap', data: { 'llmgw_guardrails.py': expect.stringContaining('class Rules') } },
    ])
    // The chart reads these objects as templates.
    expect(JSON.stringify(extraResources)).not.toContain('{{')
    expect(gateway.volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: '/app/config/llmgw_guardrails.py', subPath: 'llmgw_guardrails.py' }),
    )
    expect(gateway.podAnnotations).toHaveProperty(['llmgw.dev/guardrails'])
    const without = await valuesOf()
    expect([without.extraResources, envOf(without.gateway.extraEnv, 'LLMGW_GUARDRAILS')]).toEqual([undefined, []])
    const tokens = { issuer: 'https://id.example.com', audience: 'gateway', jwksUrl: 'https://id.example.com/keys' }
    const both = await valuesOf({ guardrails, auth: { gateway: { mode: 'custom-jwt', ...tokens } } })
    expect(both.extraResources).toHaveLength(2)
    expect(both.gateway.volumeMounts).toEqual(
      expect.arrayContaining(
        ['llmgw_tokens.py', 'llmgw_guardrails.py'].map((subPath) => expect.objectContaining({ subPath })),
      ),
    )
  })

  it('merges settings of the user over its own', async () => {
    const settings = {
      litellm: { drop_params: false },
      general: { max_parallel_requests: 50 },
      router: { num_retries: 7 },
    }
    const proxy = await proxyOf({ gateway: { settings, fallbacks: { 'claude-sonnet': ['claude-haiku'] } } })
    expect(proxy.litellm_settings).toMatchObject({ drop_params: false, request_timeout: 600 })
    expect(proxy.general_settings).toMatchObject({ max_parallel_requests: 50, store_model_in_db: false })
    expect(proxy.router_settings).toMatchObject({ num_retries: 7, fallbacks: [{ 'claude-sonnet': ['claude-haiku'] }] })
  })

  it('rolls its pods when a secret they hold gets another version, and tells no value', async () => {
    const world = await deployed()
    expect((await check(litellm, world)).state).toBe('current')
    const [upgrade] = world.helm.calls.filter(({ method }) => method === 'upgrade')
    const values = upgrade?.spec?.values as unknown as Values | undefined
    expect(Object.keys(values?.gateway.podAnnotations ?? {}).sort()).toEqual([
      'llmgw.dev/secret-version.litellm-database-url',
      'llmgw.dev/secret-version.litellm-master-key',
      'llmgw.dev/secret-version.litellm-salt-key',
      'llmgw.dev/secret-version.redis-password',
    ])
    const text = JSON.stringify(values)
    for (const { versions } of world.aws.state.secrets.values())
      for (const { value } of versions.values()) expect(text).not.toContain(value)
    rotated(world, 'litellm/master-key')
    expect(plan(await check(litellm, world))).toEqual(['update helm release litellm/litellm'])
    expect((await converge(litellm, world)).state).toBe('current')
  })

  it('is planned before its secrets are there; once it is there, it waits for them', async () => {
    const world = fakeWorld()
    expect((await check(litellm, world)).state).toBe('missing')
    const running = await deployed()
    const { ctx } = runtime(running)
    const blind = { ...ctx, output: () => Promise.reject(new NotYetKnown('secrets')) }
    await expect(litellm.check(blind)).rejects.toBeInstanceOf(NotYetKnown)
  })
})
