import { type Change, NotYetKnown, ready } from '../../src/engine/step.ts'
import type { GatewayAccess, GatewayKey, LlmgwStep, NewKey, Services, StepContext } from '../../src/ports/index.ts'
import { litellm } from '../litellm/litellm.ts'
import { gatewayTarget } from '../litellm/service.ts'
import { RELEASES, remoteName } from '../names.ts'
import { secrets } from '../secrets.ts'
import { freeName, KEY_SECRET, keysOfOurs } from './key-names.ts'

const TARGET = 'litellm key open-webui'

type Looking = Services & Pick<StepContext, 'signal'>

/** What is known before LiteLLM is asked. */
interface Wanted {
  readonly access: GatewayAccess
  readonly key: Omit<NewKey, 'alias'>
}

/** The key with its values; undefined while one of them is not in Secrets Manager. */
export async function wantedKey(ctx: Looking): Promise<Wanted | undefined> {
  const [value, masterKey] = await Promise.all(
    [KEY_SECRET, 'litellm-master-key'].map((name) => currentValue(ctx, name)),
  )
  if (value === undefined || masterKey === undefined) return undefined
  const models = [...new Set(ctx.config.models.map(({ name }) => name))].sort()
  return { access: { service: gatewayTarget(ctx.config), masterKey }, key: { value, models } }
}

async function currentValue(ctx: Looking, logicalName: string) {
  if (ctx.config.secrets.items[logicalName] === undefined) return undefined
  const remote = remoteName(ctx.config, logicalName)
  const meta = await ctx.secretsManager.describe(remote, ctx.signal)
  // The value of one that is scheduled for deletion cannot be read.
  if (meta === undefined || meta.deletedAt !== undefined) return undefined
  return (await ctx.secretsManager.value(remote, ctx.signal))?.value
}

/** A key that is neither blocked nor past its end; an older LiteLLM tells of none. */
export const works = ({ status }: GatewayKey): boolean => status === 'active' || status === 'unknown'

/** Differences of a key that LiteLLM has. */
function corrections(found: GatewayKey, { models }: Wanted['key']): readonly Change[] {
  const before = [...found.models].sort().join(', ')
  const after = models.join(', ')
  const fields = [
    ...(before === after ? [] : [{ path: 'models', before: before || 'all', after }]),
    ...(works(found) ? [] : [{ path: 'status', before: found.status, after: 'active' }]),
  ]
  return fields.length === 0 ? [] : [{ action: 'update', target: TARGET, fields }]
}

/** Why there is no such key here; undefined where there is one. */
export function noKeyOfItsOwn({ config, target }: Pick<Services, 'config' | 'target'>): string | undefined {
  if (config.ui.kind !== 'open-webui') return `ui.kind is ${config.ui.kind}`
  if (config.database.kind === 'none') return 'without a database LiteLLM keeps no keys'
  if (config.secrets.items[KEY_SECRET] === undefined) return `there is no secret ${KEY_SECRET}`
  return target.unservedDatabase
    ? 'this sandbox has no PostgreSQL behind LiteLLM: nothing would keep the key'
    : undefined
}

/** Makes LiteLLM know the current value, beside one before: pods of before go on with that. */
export async function registerKey(ctx: Looking): Promise<void> {
  const wanted = await wantedKey(ctx)
  if (wanted === undefined) throw new Error(`secret ${KEY_SECRET} or the master key has no value`)
  const { access, key } = wanted
  const found = await ctx.gatewayKeys.find(access, key.value, ctx.signal)
  if (found !== undefined) await ctx.gatewayKeys.update(access, { ...key, alias: found.alias }, ctx.signal)
  else await ctx.gatewayKeys.create(access, { ...key, alias: await freeName(ctx, access) }, ctx.signal)
}

/** Open WebUI's own key in LiteLLM, with the value from Secrets Manager: it may call the configured models and nothing else. */
export const openwebuiKey: LlmgwStep = {
  id: 'openwebui-key',
  title: "Register Open WebUI's key with LiteLLM",
  component: 'openwebui',
  needs: [ready(secrets), ready(litellm)],
  off: noKeyOfItsOwn,

  async check(ctx) {
    const change: Change = { action: 'create', target: TARGET, detail: `for ${ctx.config.models.length} models` }
    const release = await ctx.helm.find(RELEASES.litellm.name, ctx.config.namespaces.gateway, ctx.signal)
    const wanted = release && (await wantedKey(ctx))
    if (wanted === undefined) return { state: 'missing', changes: [change] }
    const found = await ctx.gatewayKeys.find(wanted.access, wanted.key.value, ctx.signal).catch((error: unknown) => {
      // While it rolls out or is being mended nobody answers: its own step says why.
      if (isUnreachable(error)) throw new NotYetKnown(litellm.id)
      throw error
    })
    if (found === undefined) return { state: 'missing', changes: [change] }
    const changes = corrections(found, wanted.key)
    return changes.length > 0 ? { state: 'drifted', changes } : { state: 'current', out: undefined }
  },

  async apply(ctx) {
    await registerKey(ctx)
  },

  async view(ctx) {
    const wanted = await wantedKey(ctx)
    const found =
      wanted && (await ctx.gatewayKeys.find(wanted.access, wanted.key.value, ctx.signal).catch(() => undefined))
    if (found === undefined) return `${TARGET}: not there`
    return `${TARGET}: ${found.status}, alias ${found.alias}, models ${found.models.join(', ') || 'all'}`
  },

  async destroy(ctx) {
    const wanted = await wantedKey(ctx)
    if (wanted === undefined) return
    try {
      for (const { alias } of await keysOfOurs(ctx, wanted.access))
        await ctx.gatewayKeys.revoke(wanted.access, alias, ctx.signal)
    } catch (error) {
      // A gateway that is gone takes no calls: its key opens nothing.
      if (!isUnreachable(error)) throw error
      ctx.report('LiteLLM does not answer: its key is left in the database')
    }
  },
}

/** The last two: the pod went away between two looks. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ServiceNotThere',
  'ServiceNotReady',
  'ServiceUnreachable',
  'PodRefused',
  'NotFound',
])

const isUnreachable = (error: unknown) => error instanceof Error && 'code' in error && UNREACHABLE.has(error.code)
