import { Secret } from '../../src/secret.ts'
import { messageIn } from '../litellm/ask-model.ts'
import { gatewayTarget } from '../litellm/service.ts'
import { RELEASES } from '../names.ts'
import { findOpenWebUiKey } from '../openwebui/key-place.ts'
import { secretInCluster } from '../secret-in-cluster.ts'
import { syncedKey } from '../synced-key.ts'
import { type Check, type CheckContext, type CheckResult, verdict } from './check.ts'
import { askWebUi, uiCheck } from './open-webui-answers.ts'
import { addressFaults, variableOf } from './service-address.ts'
import { CannotAsk } from './silent.ts'

/** Addresses of providers, `;` between them. Source: Open WebUI documentation, environment; open-webui chart. */
const VARIABLE = 'OPENAI_API_BASE_URLS'
const HINT = 'llmgw deploy openwebui'

/** With a slip in the name Open WebUI starts, is ready, and offers nothing. */
const ledToLitellm = uiCheck({
  id: 'open-webui-gateway',
  title: 'Open WebUI is led to a Service that is there',
  path: VARIABLE,
  async judge(ctx) {
    const { ui: namespace } = ctx.config.namespaces
    const ref = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: RELEASES.openWebUi.name, namespace }
    const lookedAt = `${VARIABLE} of StatefulSet ${namespace}/${ref.name}, and the Services that it names`
    const addresses = await variableOf(ctx, ref, VARIABLE)
    if ('lacking' in addresses) return verdict(lookedAt, [addresses.lacking], { good: '', hint: HINT })
    const faults = addresses.text.split(';').map((address) => addressFaults(ctx, address, namespace))
    return verdict(lookedAt, (await Promise.all(faults)).flat(), { good: addresses.text, hint: HINT })
  },
})

interface Listed {
  readonly data?: readonly { readonly id: string }[]
}

const idsIn = (text: string): readonly string[] => ((JSON.parse(text) as Listed).data ?? []).map(({ id }) => id)

/** What its key may list: asked with the key that its pods read. */
const modelsListed = uiCheck({
  id: 'open-webui-models',
  title: "LiteLLM lists the models for Open WebUI's key",
  path: 'the key',
  async judge(ctx) {
    const place = findOpenWebUiKey(ctx.config)
    const lookedAt = `/v1/models of LiteLLM, with key ${place.key} of Secret ${place.namespace}/${place.name}`
    const hint = 'llmgw deploy external-secrets openwebui'
    const listed = await listedByLitellm(ctx)
    if ('lacking' in listed) return verdict(lookedAt, [listed.lacking], { good: '', hint })
    const wrong = ctx.config.models
      .filter(({ name }) => !listed.ids.includes(name))
      .map(({ name }) => `${name} is not listed`)
    return verdict(lookedAt, wrong, { good: listed.ids.join(', '), hint })
  },
})

type Models = { readonly ids: readonly string[] } | { readonly lacking: string }

async function listedByLitellm(ctx: CheckContext): Promise<Models> {
  const key = await secretInCluster(ctx, findOpenWebUiKey(ctx.config))
  if (key === undefined) return { lacking: 'the key is not there' }
  const { status, text } = await ctx.serviceCalls.call(
    gatewayTarget(ctx.config),
    { path: '/v1/models', key },
    ctx.signal,
  )
  return status === 200 ? { ids: idsIn(text) } : { lacking: `HTTP ${status}: ${messageIn(text)}` }
}

/** What people see in the end, where an account is at hand to see it with. */
const modelsOffered = uiCheck({
  id: 'open-webui-offers',
  title: 'Open WebUI offers to whom is logged in what LiteLLM lists for it',
  path: '/api/models',
  async judge(ctx, _ui, lookedAt) {
    const { auth } = ctx.config
    if (auth.ui !== 'local') {
      return {
        result: 'skip',
        lookedAt: 'the configuration',
        found: `auth.ui is ${auth.ui}: no account to log in with`,
      }
    }
    const listed = await listedByLitellm(ctx)
    if ('lacking' in listed) throw new CannotAsk(`LiteLLM lists nothing for Open WebUI's key: ${listed.lacking}`)
    const token = await logIn(ctx, auth.local.adminEmail)
    if (!(token instanceof Secret)) return token
    const { status, text } = await askWebUi(ctx, { path: '/api/models', key: token })
    if (status !== 200) return verdict(lookedAt, [`HTTP ${status}: ${messageIn(text)}`], { good: '', hint: HINT })
    const offered = new Set(idsIn(text))
    const wrong = listed.ids.filter((id) => !offered.has(id)).map((id) => `${id} is not offered`)
    return verdict(lookedAt, wrong, { good: listed.ids.join(', '), hint: 'llmgw logs openwebui' })
  },
})

/** A session as its administrator. Who changed the password in the browser did nothing wrong: that is told, and fails nothing. */
async function logIn(ctx: CheckContext, email: string): Promise<Secret | CheckResult> {
  const place = { namespace: ctx.config.namespaces.ui, ...syncedKey(ctx.config, 'ui', 'webui-admin-password') }
  const lookedAt = `key ${place.key} of Secret ${place.namespace}/${place.name}, and a login with it`
  const password = await secretInCluster(ctx, place)
  if (password === undefined) {
    return verdict(lookedAt, ['the password is not there'], { good: '', hint: 'llmgw deploy external-secrets' })
  }
  const body = { email, password: password.reveal() }
  const { status, text } = await askWebUi(ctx, { path: '/api/v1/auths/signin', body })
  if (status === 200) return new Secret((JSON.parse(text) as { readonly token: string }).token)
  const found = `${email} does not log in with it: HTTP ${status}: ${messageIn(text)}`
  return {
    result: 'warn',
    lookedAt,
    found: `${found}. It counts at the first start alone, and may have been changed in Open WebUI since`,
    hint: 'llmgw secrets set webui-admin-password, with the one that is in use',
  }
}

export const openWebUiModels: readonly Check[] = [ledToLitellm, modelsListed, modelsOffered]
