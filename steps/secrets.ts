import type { Cause, Observation } from '../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../src/ports/index.ts'
import type { Secret } from '../src/secret.ts'
import { remoteSecrets } from './names.ts'
import { ownerOf, ownTags } from './ownership.ts'
import { examine, isPending, lacksValue } from './secrets/examine.ts'
import { fillSecrets } from './secrets/fill.ts'
import { firstValues } from './secrets/first-value.ts'
import { currentVersion, describeSecrets, type LogicalSecret, secretTarget } from './secrets/logical-secret.ts'
import { refusal } from './secrets/other-layout.ts'
import { removeSecrets } from './secrets/remove.ts'

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
    const seen = await unrefused(ctx)
    const pending = seen.filter(isPending)
    // Everything that can be refused is refused before the first write.
    const values = firstValues(ctx, seen.filter(lacksValue))
    for (const secret of pending) await ctx.secretsManager.restore(secret.remote, ctx.signal)
    // What a bundle holds is seen only now.
    const all = pending.length === 0 ? seen : await unrefused(ctx)
    const lacking = immutableFirst(all.filter(lacksValue))
    const known = pending.length === 0 ? values : firstValues(ctx, lacking)
    await fillSecrets(
      ctx,
      lacking.map((secret) => ({ secret, value: firstValueOf(secret, known) })),
    )
    if (!ctx.options.adopt) return
    for (const { remote, meta } of all) {
      if (meta && ownerOf(meta.tags) === undefined) await ctx.secretsManager.tag(remote, ownTags(ctx), ctx.signal)
    }
  },

  owns: async ({ config }) => remoteSecrets(config, Object.keys(config.secrets.items)).map(secretTarget),

  async view(ctx) {
    const all = await describeSecrets(ctx)
    return all.map(line).join('\n')
  },

  async destroy(ctx) {
    const how = ctx.options.destroy.secrets
    if (how === 'keep') return ctx.report('secrets are kept in AWS Secrets Manager')
    await removeSecrets(ctx, await describeSecrets(ctx), how)
  },
}

/** Their absence next to others that we made is taken for a loss, so a run that dies in between must have made them. */
function immutableFirst(lacking: readonly LogicalSecret[]): readonly LogicalSecret[] {
  const isImmutable = ({ item }: LogicalSecret) => item.class === 'immutable'
  return [...lacking.filter(isImmutable), ...lacking.filter((secret) => !isImmutable(secret))]
}

/** @throws PreflightError where something stands in the way */
async function unrefused(ctx: StepContext): Promise<readonly LogicalSecret[]> {
  const all = await describeSecrets(ctx)
  const [first, ...rest] = (await examine(ctx, all)).troubles
  if (first) throw refusal(summary([first, ...rest]))
  return all
}

function firstValueOf({ name }: LogicalSecret, values: ReadonlyMap<string, Secret>): Secret {
  const value = values.get(name)
  if (value === undefined) throw new Error(`no first value was made for secret ${name}`)
  return value
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
