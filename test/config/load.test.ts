import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type FlagValue, loadConfig } from '../../src/config/load.ts'
import { describeOrigin } from '../../src/config/origin.ts'
import { PreflightError } from '../../src/errors.ts'
import { fileWith, loadIn } from './in-folder.ts'

const PINS = { AWS_REGION: 'us-east-1', EKS_CLUSTER_NAME: 'prod' }
interface Given {
  readonly file?: string
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: readonly FlagValue[]
}

const TIMEOUT_FLAG = { flag: '--timeout', path: ['timeouts', 'step'], value: '1m' }

describe('precedence', () => {
  it.each<[string, Given, string, string]>([
    ['preset', {}, '10m', 'preset platform'],
    ['file', { file: 'timeouts: { step: 9m }\n' }, '9m', 'llmgw.yaml:4:19'],
    ['environment', { env: { LLMGW_TIMEOUTS_STEP: '8m' } }, '8m', 'LLMGW_TIMEOUTS_STEP in the environment'],
    [
      'environment over file',
      { file: 'timeouts: { step: 9m }\n', env: { LLMGW_TIMEOUTS_STEP: '8m' } },
      '8m',
      'LLMGW_TIMEOUTS_STEP in the environment',
    ],
    [
      'flag over all',
      { file: 'timeouts: { step: 9m }\n', env: { LLMGW_TIMEOUTS_STEP: '8m' }, flags: [TIMEOUT_FLAG] },
      '1m',
      '--timeout',
    ],
  ])('%s', async (_name, { file = '', ...request }, value, origin) => {
    const { config, origins } = await loadIn(fileWith(file), { ...request, env: { ...request.env } })
    const found = origins.get('timeouts.step')
    expect(config.timeouts.step).toBe(value)
    expect(found && describeOrigin(found)).toBe(origin)
  })

  it('counts an empty variable as not set', async () => {
    const { config } = await loadIn(fileWith('preset: lean\n'), { env: { LLMGW_PRESET: '' } })
    expect(config.preset).toBe('lean')
  })

  it('takes the short form of a mirror from the environment', async () => {
    const mirrors = ['oci://127.0.0.1:5000/charts', 'https://charts.example.com', './charts'].map(async (text) => {
      const { config } = await loadIn(fileWith(), { env: { LLMGW_CHARTS_MIRROR: text } })
      return config.charts.mirror?.kind
    })
    expect(await Promise.all(mirrors)).toEqual(['oci', 'http', 'directory'])
  })
})

describe('pins', () => {
  it('are filled by the environment where the file has none', async () => {
    const { config, origins } = await loadIn('apiVersion: llmgw/v1\n', { env: PINS })
    expect(config.cluster.name).toBe('prod')
    expect(origins.get('cluster.name')).toEqual({ kind: 'environment', name: 'EKS_CLUSTER_NAME' })
  })

  it.each([
    ['AWS_REGION', 'eu-central-1', 'us-east-1'],
    ['AWS_ACCOUNT_ID', '999999999999', '123456789012'],
    ['EKS_CLUSTER_NAME', 'test', 'prod'],
    ['LLMGW_CLUSTER_NAME', 'test', 'prod'],
  ])('are not contradicted by %s', async (name, found, expected) => {
    const refused = loadIn(fileWith(), { env: { [name]: found } })
    await expect(refused).rejects.toBeInstanceOf(PreflightError)
    await expect(refused).rejects.toMatchObject({ exitCode: 3, code: 'PinContradicted' })
    await expect(refused).rejects.toThrow(new RegExp(`${name}.*"${found}".*llmgw.yaml:\\d+:\\d+.*"${expected}"`))
  })

  it('may be said twice', async () => {
    const { config } = await loadIn(fileWith(), { env: { ...PINS, AWS_ACCOUNT_ID: '123456789012' } })
    expect(config.aws.accountId).toBe('123456789012')
  })
})

describe('without a file', () => {
  it('region and cluster suffice', async () => {
    const { config, file } = await loadIn(undefined, { env: PINS })
    expect(file).toBeUndefined()
    expect(config).toMatchObject({ preset: 'platform', deployment: 'llmgw', database: { kind: 'external' } })
  })

  it('shows what to write when they are missing', async () => {
    const refused = loadIn(undefined, { env: { AWS_REGION: 'us-east-1' } })
    await expect(refused).rejects.toMatchObject({
      exitCode: 2,
      code: 'ConfigMissing',
      hint: expect.stringContaining('apiVersion: llmgw/v1'),
    })
  })

  it('the sandbox has values, and facts that nothing overrides', async () => {
    const builtIn = {
      name: 'sandbox',
      values: { preset: 'lean' },
      facts: { aws: { region: 'us-east-1', accountId: '000000000000' }, cluster: { name: 'sandbox' } },
    }
    const request = { builtIn, env: { AWS_REGION: 'eu-west-1', LLMGW_AWS_REGION: 'eu-west-1' } }
    const { config } = await loadIn(fileWith(), request)
    expect(config).toMatchObject({ preset: 'lean', aws: { region: 'us-east-1' }, cluster: { name: 'sandbox' } })
  })
})

describe('the file', () => {
  it('is looked for upwards, and --config names another', async () => {
    const root = await mkdtemp(join(tmpdir(), 'llmgw-config-'))
    const deep = join(root, 'a', 'b')
    await mkdir(deep, { recursive: true })
    await writeFile(join(root, 'llmgw.yaml'), fileWith('deployment: above\n'))
    await writeFile(join(deep, 'other.yaml'), fileWith('deployment: other\n'))
    const above = await loadConfig({ cwd: deep, env: {} })
    const other = await loadConfig({ cwd: deep, env: {}, file: 'other.yaml' })
    const missing = loadConfig({ cwd: deep, env: {}, file: 'nowhere.yaml' })
    await expect(missing).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('nowhere.yaml does not exist'),
    })
    expect([above.config.deployment, other.config.deployment]).toEqual(['above', 'other'])
    expect(above.file).toBe(join(root, 'llmgw.yaml'))
    await rm(root, { recursive: true })
  })
})

describe('presets', () => {
  it('lean has no database, no cache, local accounts, and none of their secrets', async () => {
    const { config } = await loadIn(fileWith('preset: lean\n'))
    expect(config).toMatchObject({ database: { kind: 'none' }, cache: { kind: 'none' }, auth: { ui: 'local' } })
    expect(Object.keys(config.secrets.items)).toEqual([
      'litellm-master-key',
      'webui-secret-key',
      'webui-admin-password',
    ])
    expect(config.secrets.synced.map(({ name }) => name)).toEqual(['litellm-secrets', 'openwebui-secrets'])
    expect(new Set([config.namespaces.gateway, config.namespaces.ui, config.namespaces.monitoring]).size).toBe(1)
  })

  it('platform has them all', async () => {
    const { config } = await loadIn(fileWith())
    expect(
      Object.entries(config.secrets.items).map(([name, item]) => [name, item.class, item.remote]),
    ).toMatchInlineSnapshot(`
      [
        [
          "litellm-master-key",
          "generated",
          "litellm/master-key",
        ],
        [
          "openwebui-litellm-key",
          "generated",
          "openwebui/litellm-key",
        ],
        [
          "litellm-salt-key",
          "immutable",
          "litellm/salt-key",
        ],
        [
          "litellm-database-url",
          "provided",
          "litellm/database-url",
        ],
        [
          "redis-password",
          "generated",
          "litellm/redis-password",
        ],
        [
          "webui-secret-key",
          "generated",
          "openwebui/webui-secret-key",
        ],
        [
          "oidc-client-id",
          "provided",
          "openwebui/oidc-client-id",
        ],
        [
          "oidc-client-secret",
          "provided",
          "openwebui/oidc-client-secret",
        ],
        [
          "oidc-provider-url",
          "provided",
          "openwebui/oidc-provider-url",
        ],
        [
          "grafana-admin-password",
          "generated",
          "monitoring/grafana-admin-password",
        ],
      ]
    `)
  })

  it('are only defaults: one choice changes what follows from it, nothing else', async () => {
    const { config } = await loadIn(fileWith('preset: lean\ncache: { kind: redis-ha, replicas: 1 }\n'))
    expect(config.cache).toEqual({ kind: 'redis-ha', replicas: 1, storage: '4Gi', memory: '512Mi' })
    expect(Object.keys(config.secrets.items)).toContain('redis-password')
    expect(config.database.kind).toBe('none')
  })

  it('another kind takes nothing over from the default one', async () => {
    const { config } = await loadIn(fileWith('cache: { kind: none }\n'))
    expect(config.cache).toEqual({ kind: 'none' })
    expect(Object.keys(config.secrets.items)).not.toContain('redis-password')
  })

  it('keep role names within 64 characters and apart', async () => {
    const names = ['a', 'b'].map(async (last) => {
      const cluster = `${'x'.repeat(60)}${last}`
      const { config } = await loadIn(
        `apiVersion: llmgw/v1\naws: { region: us-east-1 }\ncluster: { name: ${cluster} }\n`,
      )
      return config.irsa.externalSecrets.roleName
    })
    const [one = '', two = ''] = await Promise.all(names)
    expect(one.length).toBeLessThanOrEqual(64)
    expect(one).not.toBe(two)
  })

  it("a model's API key reaches the gateway by itself", async () => {
    const lines = [
      'models: [{ name: sonar, provider: perplexity, model: sonar, apiKeySecret: perplexity-key }]',
      'secrets: { items: { perplexity-key: { class: provided, remote: litellm/perplexity-key } } }',
    ]
    const { config } = await loadIn(fileWith(`${lines.join('\n')}\n`))
    expect(config.secrets.items['perplexity-key']?.format).toBe('text')
    expect(config.secrets.synced[0]?.keys).toHaveProperty('perplexity-key', 'perplexity-key')
  })
})
