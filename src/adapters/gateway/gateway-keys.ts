import { createHash } from 'node:crypto'
import { StepError } from '../../errors.ts'
import type { GatewayAccess, GatewayKey, GatewayKeys, NewKey } from '../../ports/gateway.ts'
import type { HttpAnswer, ServiceCalls } from '../../ports/service-calls.ts'
import type { Secret } from '../../secret.ts'

/** LiteLLM keeps keys by this digest. Source: LiteLLM, hash_token. */
const digestOf = (value: Secret) => createHash('sha256').update(value.reveal()).digest('hex')

/** What LiteLLM tells of a key, as far as it is used. */
interface KeyInfo {
  readonly key_alias?: string | null
  readonly models?: readonly string[] | null
  readonly status?: string
}

/** Keys of the LiteLLM that runs in the cluster. Source: LiteLLM 1.104, key management endpoints. */
export function createGatewayKeys(calls: ServiceCalls): GatewayKeys {
  const post = async (access: GatewayAccess, path: string, body: object, signal?: AbortSignal): Promise<void> => {
    const answer = await calls.call(access.service, { path, body, key: access.masterKey }, signal)
    if (answer.status !== 200) throw refused(path, answer)
  }
  const find: GatewayKeys['find'] = async (access, value, signal) => {
    const path = `/key/info?key=${digestOf(value)}`
    const answer = await calls.call(access.service, { path, key: access.masterKey }, signal)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw refused('/key/info', answer)
    const { info = {} } = JSON.parse(answer.text) as { readonly info?: KeyInfo }
    // LiteLLM answers for keys that were deleted, too.
    return info.status === 'deleted' ? undefined : keyOf(info)
  }
  return {
    find,
    create: (access, { value, alias, models }, signal) =>
      // Calls of models only: with such a key nobody makes keys, users or teams.
      post(access, '/key/generate', { key: value.reveal(), key_alias: alias, models, key_type: 'llm_api' }, signal),
    update: (access, { value, alias, models }: NewKey, signal) =>
      post(access, '/key/update', { key: digestOf(value), key_alias: alias, models, blocked: false }, signal),
    async remove(access, value, signal) {
      if ((await find(access, value, signal)) === undefined) return false
      await post(access, '/key/delete', { keys: [digestOf(value)] }, signal)
      return true
    },
  }
}

function keyOf({ key_alias, models, status }: KeyInfo): GatewayKey {
  const known = status === 'active' || status === 'expired' || status === 'revoked' ? status : 'unknown'
  return { alias: key_alias ?? '', models: models ?? [], status: known }
}

function refused(path: string, { status, text }: HttpAnswer): StepError {
  return new StepError('GatewayRefused', `LiteLLM answered ${status} to ${path.replace(/\?.*$/, '')}`, {
    cause: text.slice(0, 300),
    hint: 'look at its log: kubectl logs -n litellm deployment/litellm -c proxy',
  })
}
