import { createHash } from 'node:crypto'
import { StepError } from '../../errors.ts'
import type { GatewayAccess, GatewayKey, GatewayKeys, KeyOrder, ListedKey, NewKey } from '../../ports/gateway.ts'
import type { HttpAnswer, ServiceCalls } from '../../ports/service-calls.ts'
import type { Secret } from '../../secret.ts'

/** LiteLLM keeps keys by this digest. Source: LiteLLM, hash_token. */
const digestOf = (value: Secret) => createHash('sha256').update(value.reveal()).digest('hex')

/** Calls of models only: with such a key nobody makes keys, users or teams. */
const MODELS_ONLY = { key_type: 'llm_api' } as const

/** As many keys as LiteLLM gives at a time. */
const PAGE_SIZE = 100

/** What LiteLLM tells of a key, as far as it is used. */
interface KeyInfo {
  readonly key_alias?: string | null
  readonly models?: readonly string[] | null
  readonly status?: string
}

/** Keys of the LiteLLM that runs in the cluster. Source: LiteLLM 1.104, key management endpoints. */
export function createGatewayKeys(calls: ServiceCalls): GatewayKeys {
  const post = async (access: GatewayAccess, path: string, body: object, signal?: AbortSignal): Promise<string> => {
    const answer = await calls.call(access.service, { path, body, key: access.masterKey }, signal)
    if (answer.status !== 200) throw refused(access, path, answer)
    return answer.text
  }
  const find: GatewayKeys['find'] = async (access, value, signal) => {
    const path = `/key/info?key=${digestOf(value)}`
    const answer = await calls.call(access.service, { path, key: access.masterKey }, signal)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw refused(access, '/key/info', answer)
    const { info = {} } = JSON.parse(answer.text) as { readonly info?: KeyInfo }
    // LiteLLM answers for keys that were deleted, too.
    return info.status === 'deleted' ? undefined : keyOf(info)
  }
  return {
    find,
    async create(access, { value, alias, models }, signal) {
      await post(access, '/key/generate', { key: value.reveal(), key_alias: alias, models, ...MODELS_ONLY }, signal)
    },
    async update(access, { value, alias, models }: NewKey, signal) {
      await post(access, '/key/update', { key: digestOf(value), key_alias: alias, models, blocked: false }, signal)
    },
    async list(access, signal) {
      const found: ListedKey[] = []
      for (let page = 1; ; page += 1) {
        const { keys = [], total_pages: pages } = await listPage(calls, access, page, signal)
        found.push(...keys.map(listed))
        if (keys.length === 0 || page >= (pages ?? 1)) return found.sort((a, b) => a.alias.localeCompare(b.alias))
      }
    },
    async issue(access, order, signal) {
      const { key } = JSON.parse(await post(access, '/key/generate', bodyOf(order), signal)) as {
        readonly key?: string
      }
      if (key !== undefined) return key
      throw new StepError('GatewayRefused', 'LiteLLM made a key and did not tell it', {
        hint: `llmgw keys revoke ${order.alias}`,
      })
    },
    async revoke(access, alias, signal) {
      await post(access, '/key/delete', { key_aliases: [alias] }, signal)
    },
  }
}

/** What it tells of a key in a list. Source: LiteLLM 1.104, UserAPIKeyAuth. */
interface KeyEntry extends KeyInfo {
  readonly spend?: number
  readonly max_budget?: number | null
  readonly budget_duration?: string | null
  readonly rpm_limit?: number | null
  readonly tpm_limit?: number | null
  readonly blocked?: boolean | null
  readonly created_at?: string | null
  readonly expires?: string | null
}

interface KeyPage {
  readonly keys?: readonly KeyEntry[]
  readonly total_pages?: number | null
}

async function listPage(
  calls: ServiceCalls,
  access: GatewayAccess,
  page: number,
  signal: AbortSignal | undefined,
): Promise<KeyPage> {
  const path = `/key/list?return_full_object=true&include_team_keys=true&size=${PAGE_SIZE}&page=${page}`
  const answer = await calls.call(access.service, { path, key: access.masterKey }, signal)
  if (answer.status !== 200) throw refused(access, '/key/list', answer)
  return JSON.parse(answer.text) as KeyPage
}

function bodyOf({ alias, models, lifetime, ...limits }: KeyOrder): object {
  const { maxBudget, budgetPeriod, requestsPerMinute, tokensPerMinute } = limits
  return {
    key_alias: alias,
    models,
    ...MODELS_ONLY,
    ...(lifetime && { duration: lifetime }),
    ...(maxBudget !== undefined && { max_budget: maxBudget }),
    ...(budgetPeriod && { budget_duration: budgetPeriod }),
    ...(requestsPerMinute !== undefined && { rpm_limit: requestsPerMinute }),
    ...(tokensPerMinute !== undefined && { tpm_limit: tokensPerMinute }),
  }
}

function listed(entry: KeyEntry): ListedKey {
  const { blocked, spend = 0, max_budget, budget_duration, rpm_limit, tpm_limit, created_at, expires } = entry
  const over = typeof expires === 'string' && Date.parse(expires) <= Date.now()
  const status = blocked ? 'revoked' : over ? 'expired' : 'active'
  return {
    ...keyOf({ ...entry, status }),
    spend,
    ...(typeof max_budget === 'number' && { maxBudget: max_budget }),
    ...(budget_duration && { budgetPeriod: budget_duration }),
    ...(typeof rpm_limit === 'number' && { requestsPerMinute: rpm_limit }),
    ...(typeof tpm_limit === 'number' && { tokensPerMinute: tpm_limit }),
    ...(created_at && { createdAt: created_at }),
    ...(expires && { expiresAt: expires }),
  }
}

function keyOf({ key_alias, models, status }: KeyInfo): GatewayKey {
  const known = status === 'active' || status === 'expired' || status === 'revoked' ? status : 'unknown'
  return { alias: key_alias ?? '', models: models ?? [], status: known }
}

function refused({ service }: GatewayAccess, path: string, { status, text }: HttpAnswer): StepError {
  return new StepError('GatewayRefused', `LiteLLM answered ${status} to ${path.replace(/\?.*$/, '')}`, {
    cause: text.slice(0, 300),
    hint: `look at its log: kubectl logs -n ${service.namespace} deployment/${service.name} -c proxy`,
  })
}
