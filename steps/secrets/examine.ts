import type { Cause, Change } from '../../src/engine/step.ts'
import type { SecretMeta, Services, StepContext } from '../../src/ports/index.ts'
import { parseAddress } from '../../src/ports/secret-address.ts'
import { foreignOwner, ownerOf } from '../ownership.ts'
import { variableOf } from './first-value.ts'
import { currentVersion, type LogicalSecret, secretTarget } from './logical-secret.ts'
import { keptElsewhere } from './other-layout.ts'
import { lostImmutable } from './salt-guard.ts'

/** What there is to do, and what stands in the way. */
export interface Examination {
  readonly changes: readonly Change[]
  readonly troubles: readonly Cause[]
}

/** Compares secrets with what is wanted; a value that exists is never looked at, let alone changed. */
export async function examine(ctx: StepContext, secrets: readonly LogicalSecret[]): Promise<Examination> {
  const changes: Change[] = []
  const troubles: Cause[] = []
  for (const { remote, meta } of secrets) refuseForeignSecret(ctx, remote, meta)
  const elsewhere = await keptElsewhere(
    ctx,
    secrets.filter((secret) => lacksValue(secret) || isPending(secret)),
  )
  if (elsewhere) return { changes, troubles: [elsewhere] }
  for (const secret of secrets) {
    const change = changeOf(ctx, secret)
    if (change) changes.push(change)
    const trouble = await troubleOf(ctx, secret, secrets)
    // Keys of one JSON share its pending deletion.
    if (trouble && !troubles.some(({ message }) => message === trouble.message)) troubles.push(trouble)
  }
  return { changes, troubles }
}

async function troubleOf(
  ctx: StepContext,
  secret: LogicalSecret,
  all: readonly LogicalSecret[],
): Promise<Cause | undefined> {
  if (isPending(secret)) return ctx.options.restoreSecrets ? undefined : pendingDeletion(secret)
  if (secret.meta !== undefined || secret.item.class !== 'immutable') return undefined
  return await lostImmutable(ctx, secret, all)
}

/** Scheduled for deletion: its value is unreadable and its name is taken. */
export const isPending = ({ meta }: LogicalSecret) => meta?.deletedAt !== undefined

/** No value yet: the secret or its first version is missing. */
export function lacksValue({ meta }: LogicalSecret): boolean {
  return meta === undefined || (meta.deletedAt === undefined && currentVersion(meta) === undefined)
}

/** @throws PreflightError ForeignOwner for a secret of another deployment */
export function refuseForeignSecret({ config }: Pick<Services, 'config'>, remote: string, meta?: SecretMeta): void {
  const owner = ownerOf(meta?.tags)
  if (owner !== undefined && owner !== config.deployment) {
    throw foreignOwner(config.deployment, secretTarget(remote), owner)
  }
}

function changeOf(ctx: StepContext, secret: LogicalSecret): Change | undefined {
  const { meta, remote } = secret
  const target = secretTarget(remote)
  if (meta === undefined) return { action: 'create', target, detail: originOf(ctx, secret) }
  if (isPending(secret)) {
    return ctx.options.restoreSecrets ? { action: 'update', target, detail: 'cancel its deletion' } : undefined
  }
  if (lacksValue(secret)) return { action: 'update', target, detail: `first value: ${originOf(ctx, secret)}` }
  if (ownerOf(meta.tags) === undefined && ctx.options.adopt) return { action: 'adopt', target }
  return undefined
}

function originOf(ctx: StepContext, { name, item }: LogicalSecret): string {
  if (ctx.provided.find(name) !== undefined) return 'value given by you'
  if (item.class === 'provided') return `no value given yet: ${variableOf(name)}`
  return `random value of ${item.bytes} bytes`
}

function pendingDeletion({ remote, meta }: LogicalSecret): Cause {
  return {
    code: 'SecretPendingDeletion',
    message: `secret ${parseAddress(remote).secret} is scheduled for deletion, so its value cannot be read and its name cannot be used`,
    evidence: [`deletion scheduled at ${meta?.deletedAt}`],
    hint: 'restore it with its value: llmgw deploy secrets --restore-secrets',
  }
}
