import { PreflightError, StepError } from '../../src/errors.ts'
import type { LlmgwStep, SecretMeta, Services, StepContext } from '../../src/ports/index.ts'
import type { Secret } from '../../src/secret.ts'
import { remoteName } from '../names.ts'
import { refuseForeignSecret } from '../secrets/examine.ts'
import { currentVersion, type SecretItem, secretTarget } from '../secrets/logical-secret.ts'

/** Staging label of a version whose rotation has begun and has not ended: all that is kept about a rotation. */
export const ROTATING = 'llmgw-rotating'

/** One secret of a rotation. */
export interface Rotated {
  /** Logical name. */
  readonly name: string
  readonly item: SecretItem
  /** Its new value; asked once, when it is made. Not needed for one that goes back, or on. */
  readonly value: (ctx: Services) => Secret
  /** Where the new value comes from, as a plan says it. */
  readonly origin: string
}

export type Direction = 'on' | 'back'

export interface VersionOut {
  readonly versionId: string
}

/** Version with a staging label. */
export function versionWith(meta: SecretMeta, label: string): string | undefined {
  return Object.entries(meta.versions).find(([, labels]) => labels.includes(label))?.[0]
}

/** A step that makes a new version current, or the one before it again. */
export function newVersion({ name, value, origin }: Rotated, direction: Direction): LlmgwStep<VersionOut> {
  const remoteOf = ({ config }: Services) => remoteName(config, name)
  return {
    id: `new-version-${name}`,
    title: direction === 'on' ? `Make a new version of ${name}` : `Make the previous version of ${name} current again`,
    component: 'secrets',
    needs: [],

    async check(ctx) {
      const remote = remoteOf(ctx)
      const meta = await usable(ctx, remote)
      const [rotating, current] = [versionWith(meta, ROTATING), currentVersion(meta)]
      const change = (detail: string) =>
        ({ state: 'drifted', changes: [{ action: 'update', target: secretTarget(remote), detail }] }) as const
      if (direction === 'back') {
        if (current !== undefined && current !== rotating) return { state: 'current', out: { versionId: current } }
        return change('make the previous version current again')
      }
      if (rotating === undefined) return change(`new version: ${origin}`)
      if (rotating !== current) return change('make the new version current')
      return { state: 'current', out: { versionId: rotating } }
    },

    async apply(ctx) {
      const remote = remoteOf(ctx)
      const meta = await usable(ctx, remote)
      await ctx.secretsManager.promote(
        remote,
        direction === 'back' ? previousOf(meta) : await ensureNew(ctx, meta),
        ctx.signal,
      )
    },
  }

  async function ensureNew(ctx: StepContext, meta: SecretMeta): Promise<string> {
    const begun = versionWith(meta, ROTATING)
    if (begun !== undefined) return begun
    const token = ctx.random.hex(16)
    const version = { value: value(ctx), label: ROTATING, token }
    return (await ctx.secretsManager.addVersion(remoteOf(ctx), version, ctx.signal)).versionId
  }
}

function previousOf(meta: SecretMeta): string {
  const previous = versionWith(meta, 'AWSPREVIOUS')
  if (previous !== undefined) return previous
  throw new StepError('NoPreviousVersion', `${secretTarget(meta.name)} has no previous version any more`, {
    hint: 'go on with the rotation instead: llmgw secrets rotate NAME',
  })
}

/** @throws PreflightError for one that is not there, pending deletion, without a value, or another deployment's */
async function usable(ctx: StepContext, remote: string): Promise<SecretMeta> {
  const meta = await ctx.secretsManager.describe(remote, ctx.signal)
  refuseForeignSecret(ctx, remote, meta)
  if (meta !== undefined && meta.deletedAt === undefined && currentVersion(meta) !== undefined) return meta
  const why = meta === undefined ? 'is not there' : meta.deletedAt ? 'is scheduled for deletion' : 'has no value'
  throw new PreflightError('SecretNotUsable', `${secretTarget(remote)} ${why}, so there is nothing to rotate`, {
    hint: 'bring it up first: llmgw deploy secrets   (see: llmgw secrets status)',
  })
}
