import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Tree } from '../../src/config/merge.ts'
import { proxyFaults } from '../../steps/litellm/config-check/check.ts'
import type { ProxyFault } from '../../steps/litellm/config-check/fault.ts'
import { litellm } from '../../steps/litellm/litellm.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { check } from './run.ts'

const read = (path: string) => parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))

/** Faults of a configuration file that overrides leave behind. */
async function faultsOf(proxy: Tree, extraEnv: readonly Tree[] = []): Promise<readonly ProxyFault[]> {
  const sound = {
    model_list: [model('a', 'bedrock/amazon.nova-lite-v1:0')],
    general_settings: { master_key: 'os.environ/LITELLM_MASTER_KEY' },
  }
  const values = { gateway: { extraEnv, config: { proxy_config: { ...sound, ...proxy } } } }
  return await proxyFaults(fakeWorld(), values)
}

const model = (name: string, id: string, more: Tree = {}) => ({
  model_name: name,
  litellm_params: { model: id, ...more },
})
const told = (faults: readonly ProxyFault[]) => faults.map(({ severity, code, path }) => `${severity} ${code} ${path}`)

describe('the check of the LiteLLM configuration', () => {
  it('finds no error in what this program writes, in either preset and every mode', async () => {
    for (const config of [
      {},
      { preset: 'lean' },
      { tracing: { kind: 'none' }, cache: { kind: 'none' } },
      {
        auth: {
          gateway: {
            mode: 'enterprise-jwt',
            issuer: 'https://id.example.com',
            audience: 'gateway',
            jwksUrl: 'https://id.example.com/keys',
          },
        },
      },
      { gateway: { fallbacks: { 'claude-sonnet': ['claude-haiku'] }, autoscaling: { kind: 'cpu' } } },
    ]) {
      const world = fakeWorld({ config })
      expect(await proxyFaults(world, (await litellm.spec(world)).values)).toEqual([])
    }
  })

  it('knows the LiteLLM that is deployed', () => {
    expect(read('helm-values/facts/litellm.yaml').version).toBe(read('helm-values/litellm.yaml').image.tag)
  })

  // Each of these passes LiteLLM's own --validate_config.
  it.each<[string, Tree, readonly string[]]>([
    [
      'unknown provider',
      { model_list: [model('a', 'bedrok/amazon.nova-lite-v1:0')] },
      ['error GatewayProviderUnknown model_list[0].litellm_params.model'],
    ],
    [
      'no provider',
      { model_list: [model('a', 'amazon.nova-lite-v1:0')] },
      ['error GatewayProviderUnknown model_list[0].litellm_params.model'],
    ],
    [
      'variable that is not set',
      { model_list: [model('a', 'openai/gpt', { api_key: 'os.environ/OPENAI_API_KEY' })] },
      ['error GatewayVariableUnset model_list[0].litellm_params.api_key'],
    ],
    [
      'key in plain text',
      { model_list: [model('a', 'openai/gpt', { api_key: 'sk-planted' })] },
      ['error GatewaySecretInPlainText model_list[0].litellm_params.api_key'],
    ],
    ['master key unset', { general_settings: {} }, ['error GatewayMasterKey general_settings.master_key']],
    [
      'master key that everybody knows',
      { general_settings: { master_key: 'sk-1234' } },
      [
        'error GatewaySecretInPlainText general_settings.master_key',
        'error GatewayMasterKey general_settings.master_key',
      ],
    ],
    [
      'check of the master key switched off',
      {
        general_settings: {
          master_key: 'os.environ/LITELLM_MASTER_KEY',
          dangerously_permit_weak_or_unset_master_key: true,
        },
      },
      ['error GatewayMasterKey general_settings.master_key'],
    ],
    ['unknown section', { model_lst: [] }, ['error GatewayKeyUnknown model_lst']],
    [
      'key with a slip in it',
      { router_settings: { num_retires: 3 } },
      ['error GatewayKeyUnknown router_settings.num_retires'],
    ],
    [
      'key that nobody has heard of',
      { litellm_settings: { entirely_new_thing: 1 } },
      ['warning GatewayKeyUnknown litellm_settings.entirely_new_thing'],
    ],
    [
      'fallback to an unknown model',
      { router_settings: { fallbacks: [{ a: ['b'] }] } },
      ['error GatewayFallbackUnknown router_settings.fallbacks'],
    ],
    [
      'one name for two models',
      { model_list: [model('a', 'bedrock/amazon.nova-lite-v1:0'), model('a', 'bedrock/amazon.nova-pro-v1:0')] },
      ['warning GatewayModelTwice model_list[1].model_name'],
    ],
    [
      'model past its last day',
      { model_list: [model('a', 'bedrock/us.anthropic.claude-3-7-sonnet-20250219-v1:0')] },
      ['warning GatewayModelEndOfLife model_list[0].litellm_params.model'],
    ],
    ['no models', { model_list: [] }, ['warning GatewayNoModels model_list']],
    [
      'unknown callback',
      { litellm_settings: { callbacks: ['prometeus', 'hooks.instance', 'otel'] } },
      ['warning GatewayCallbackUnknown litellm_settings.callbacks'],
    ],
    [
      'tokens without a licence',
      { general_settings: { master_key: 'os.environ/LITELLM_MASTER_KEY', enable_jwt_auth: true } },
      ['error GatewayLicenceMissing general_settings.enable_jwt_auth'],
    ],
    [
      'hook that skips the common checks',
      { general_settings: { master_key: 'os.environ/LITELLM_MASTER_KEY', custom_auth: 'auth.check' } },
      ['error GatewayChecksSkipped general_settings.custom_auth'],
    ],
  ])('catches: %s', async (_, proxy, expected) => {
    // Far enough for every model in the table to have ended.
    const now = Date.UTC(2027, 5, 1)
    const world = { ...fakeWorld(), clock: { ...fakeWorld().clock, now: () => now } }
    const sound = {
      model_list: [model('a', 'bedrock/amazon.nova-lite-v1:0')],
      general_settings: { master_key: 'os.environ/LITELLM_MASTER_KEY' },
    }
    const values = { gateway: { config: { proxy_config: { ...sound, ...proxy } } } }
    expect(told(await proxyFaults(world, values))).toEqual(expected)
  })

  it('takes the same when they are right', async () => {
    const proxy = {
      model_list: [
        model('a', 'openai/gpt', { api_key: 'os.environ/OPENAI_API_KEY' }),
        model('b', 'openai/local', { api_key: 'none' }),
        model('b', 'openai/local', { api_key: 'none', api_base: 'http://other.local' }),
      ],
      router_settings: { fallbacks: [{ a: ['b'] }, { '*': ['b'] }], num_retries: 3 },
      litellm_settings: { callbacks: ['prometheus'] },
    }
    expect(await faultsOf(proxy, [{ name: 'OPENAI_API_KEY', valueFrom: {} }])).toEqual([])
  })

  it('names the last day of a model ninety days ahead, and not before', async () => {
    const proxy_config = {
      model_list: [model('opus', 'bedrock/us.anthropic.claude-opus-4-1-20250805-v1:0')],
      general_settings: { master_key: 'os.environ/LITELLM_MASTER_KEY' },
    }
    const at = async (now: number) =>
      await proxyFaults(
        { ...fakeWorld(), clock: { ...fakeWorld().clock, now: () => now } },
        { gateway: { config: { proxy_config } } },
      )
    expect(await at(Date.UTC(2026, 9, 1))).toEqual([])
    expect((await at(Date.UTC(2026, 10, 1)))[0]?.message).toContain('ends on Bedrock on 2027-01-08')
    expect((await at(Date.UTC(2027, 1, 1)))[0]?.message).toContain('ended on Bedrock on 2027-01-08')
  })

  it('stops a deployment before anything is written, with every error, and lets warnings pass', async () => {
    const wrong = { router: { num_retires: 3 }, general: { master_key: 'sk-planted-key' } }
    const error: unknown = await check(
      litellm,
      fakeWorld({ config: { gateway: { settings: { litellm: {}, ...wrong } } } }),
    ).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'GatewayKeyUnknown', exitCode: 2 })
    expect(JSON.stringify(error)).not.toContain('sk-planted-key')
    const odd = { litellm: { entirely_new_thing: 1 }, general: {}, router: {} }
    expect((await check(litellm, fakeWorld({ config: { gateway: { settings: odd } } }))).state).toBe('missing')
  })
})
