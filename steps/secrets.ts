import type { Cause, Observation } from '../src/engine/step.ts'
import { PreflightError } from '../src/errors.ts'
import type { LlmgwStep, StepContext } from '../src/ports/index.ts'
import type { Secret } from '../src/secret.ts'
import { remoteName } from './names.ts'
import { ownerOf, ownTags } from './ownership.ts'
import { examine, isPending, lacksValue } from './secrets/examine.ts'
import { fillSecret } from './secrets/fill.ts'
import { firstValues } from './secrets/first-value.ts'
import { currentVersion, describeSecrets, type LogicalSecret, secretTarget } from './secrets/logical-secret.ts'

/** The longest that AWS offers: a lost salt key is lost data. Source: Secrets Manager API reference, DeleteSecret. */
const RECOVERY_DAYS = 30

/** Version that is current, by logical name. */
type Versions = Readonly<Record<string, string>>

function versionsOf(all: readonly LogicalSecret[]): Versions {
  return Object.fromEntries(all.map(({ name, meta }) => [name, (meta && currentVersion(meta)) ?? '']))
}

function summary(troubles: readonly [Cause, ...Cause[]]): Cause {
  const [first, ...rest] = troubles
  if (rest.length === 0) return first
  const evidence = [...(first.evidence ?? []), ...rest.flatMap((one) => [one.message, ...(one.evidence ?? [])])]
  return { ...first, evidence }
}

async function observe(ctx: StepContext): Promise<Observation<Versions>> {
  const all = await describeSecrets(ctx)
  const { changes, troubles } = await examine(ctx, all)
  const [first, ...rest] = troubles
  if (first) return { state: 'broken', cause: summary([first, ...rest]), changes }
  if (all.some(lacksValue)) return { state: 'missing', changes }
  return changes.length > 0 ? { state: 'drifted', changes } : { state: 'current', out: versionsOf(all) }
}

/** The logical secrets in AWS Secrets Manager: made where absent, never changed where present. */
export const secrets: LlmgwStep<Versions> = {
  id: 'secrets',
  title: 'Create secrets in AWS Secrets Manager',
  component: 'secrets',
  needs: [],
  check: observe,

  async apply(ctx) {
    const all = await describeSecrets(ctx)
    const { troubles } = await examine(ctx, all)
    const [first, ...rest] = troubles
    if (first) throw refusal(summary([first, ...rest]))
    const lacking = all.filter(lacksValue)
    // Everything that can be refused is refused before the first write.
    const values = firstValues(ctx, lacking)
    for (const secret of all.filter(isPending)) await ctx.secretsManager.restore(secret.remote, ctx.signal)
    for (const secret of immutableFirst(lacking)) await fill(ctx, secret, values)
    if (!ctx.options.adopt) return
    for (const { remote, meta } of all) {
      if (meta && ownerOf(meta.tags) === undefined) await ctx.secretsManager.tag(remote, ownTags(ctx), ctx.signal)
    }
  },

  owns: async ({ config }) => Object.values(config.secrets.items).map((item) => secretTarget(remoteName(config, item))),

  async view(ctx) {
    const all = await describeSecrets(ctx)
    return all.map(line).join('\n')
  },

  async destroy(ctx) {
    const how = ctx.options.destroy.secrets
    if (how === 'keep') return ctx.report('secrets are kept in AWS Secrets Manager')
    for (const { remote, meta } of await describeSecrets(ctx)) {
      if (meta === undefined) continue
      if (ownerOf(meta.tags) !== ctx.config.deployment) {
        ctx.report(`secret ${remote} is left: its owner is ${ownerOf(meta.tags) ?? 'nobody'}`)
      } else if (how === 'purge') await ctx.secretsManager.purge(remote, ctx.signal)
      else if (meta.deletedAt === undefined) {
        await ctx.secretsManager.scheduleDeletion(remote, RECOVERY_DAYS, ctx.signal)
      }
    }
  },
}

/** Their absence next to others that we made is taken for a loss, so a run that dies in between must have made them. */
function immutableFirst(lacking: readonly LogicalSecret[]): readonly LogicalSecret[] {
  const isImmutable = ({ item }: LogicalSecret) => item.class === 'immutable'
  return [...lacking.filter(isImmutable), ...lacking.filter((secret) => !isImmutable(secret))]
}

async function fill(ctx: StepContext, secret: LogicalSecret, values: ReadonlyMap<string, Secret>): Promise<void> {
  const value = values.get(secret.name)
  if (value === undefined) throw new Error(`no first value was made for secret ${secret.name}`)
  await fillSecret(ctx, secret, value)
}

function refusal({ code, message, evidence, hint }: Cause): PreflightError {
  return new PreflightError(code, message, { hint, cause: evidence })
}

function line({ name, item, remote, meta }: LogicalSecret): string {
  if (meta === undefined) return `${name} (${item.class}): ${remote} is not there`
  const facts = [
    `created ${meta.createdAt ?? '?'}`,
    `changed ${meta.changedAt ?? '?'}`,
    `version ${currentVersion(meta) ?? 'none'}`,
    `owner ${ownerOf(meta.tags) ?? 'nobody'}`,
    ...(meta.deletedAt === undefined ? [] : [`deletion scheduled ${meta.deletedAt}`]),
  ]
  return `${name} (${item.class}): ${remote}, ${facts.join(', ')}`
}
