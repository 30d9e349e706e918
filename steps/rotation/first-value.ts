import type { LlmgwStep, Services, StepContext } from '../../src/ports/index.ts'
import { isPending, lacksValue, refuseForeignSecret } from '../secrets/examine.ts'
import { fillSecrets } from '../secrets/fill.ts'
import { describeSecrets, type LogicalSecret, secretTarget } from '../secrets/logical-secret.ts'
import { keptElsewhere, refusal } from '../secrets/other-layout.ts'
import { lostImmutable } from '../secrets/salt-guard.ts'
import type { Rotated } from './new-version.ts'

export interface FirstValueOptions extends Rotated {
  /** Somebody gave the value: also of an immutable secret, since it may be the one that was lost. */
  readonly given: boolean
}

/** A step that gives a secret its first value, or takes back its pending deletion with the value that it has. */
export function firstValue({ name, value, origin, given }: FirstValueOptions): LlmgwStep {
  const look = async (ctx: Services & Pick<StepContext, 'signal'>) => {
    const all = await describeSecrets(ctx)
    const secret = all.find((one) => one.name === name)
    if (secret === undefined) throw new Error(`no secret ${name} in secrets.items`)
    refuseForeignSecret(ctx, secret.remote, secret.meta)
    return { all, secret }
  }
  return {
    id: `first-value-${name}`,
    title: `Give ${name} its first value`,
    component: 'secrets',
    needs: [],

    async check(ctx) {
      const { all, secret } = await look(ctx)
      const change = changeOf(secret, origin)
      if (change === undefined) return { state: 'current', out: undefined }
      const elsewhere = await keptElsewhere(ctx, [secret])
      if (elsewhere !== undefined) return { state: 'broken', cause: elsewhere, changes: [] }
      const lost = !given && secret.item.class === 'immutable' ? await lostImmutable(ctx, secret, all) : undefined
      if (lost !== undefined && secret.meta === undefined) return { state: 'broken', cause: lost, changes: [] }
      return { state: 'missing', changes: [change] }
    },

    async apply(ctx, seen) {
      const { secret } = await look(ctx)
      const elsewhere = isPending(secret) || lacksValue(secret) ? await keptElsewhere(ctx, [secret]) : undefined
      if (elsewhere !== undefined) throw refusal(elsewhere)
      if (isPending(secret)) await ctx.secretsManager.restore(secret.remote, ctx.signal)
      else if (lacksValue(secret) && seen.state === 'missing') await fillSecrets(ctx, [{ secret, value: value(ctx) }])
    },
  }
}

function changeOf(secret: LogicalSecret, origin: string) {
  const target = secretTarget(secret.remote)
  if (isPending(secret)) return { action: 'update', target, detail: 'cancel its deletion' } as const
  if (!lacksValue(secret)) return undefined
  return { action: secret.meta === undefined ? 'create' : 'update', target, detail: origin } as const
}
