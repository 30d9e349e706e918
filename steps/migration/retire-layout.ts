import { NotYetKnown, ready } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { askedElsewhere } from '../external-secrets/asked-elsewhere.ts'
import { describeSecrets, secretTarget } from '../secrets/logical-secret.ts'
import { layoutCause, otherLayout, refusal } from '../secrets/other-layout.ts'
import { RECOVERY_DAYS, removable, removeSecrets } from '../secrets/remove.ts'
import { lookAtPairs } from './pairs.ts'

/** A step that schedules the secrets of the layout before for deletion, once the new one has every value and nothing reads them. */
export function retireLayout(last: LlmgwStep<unknown>): LlmgwStep {
  return {
    id: 'retire-layout',
    title: 'Retire the secrets of the layout before',
    component: 'secrets',
    needs: [ready(last)],

    async check(ctx) {
      const names = removable(ctx, await describeSecrets(ctx, otherLayout(ctx.config.secrets.layout)))
      if (names.length === 0) return { state: 'current', out: undefined }
      if (!(await isOver(ctx))) throw new NotYetKnown(last.id)
      const detail = `scheduled; until then, ${RECOVERY_DAYS} days, it can be restored`
      return {
        state: 'drifted',
        changes: names.map((name) => ({ action: 'delete', target: secretTarget(name), detail })),
      }
    },

    async apply(ctx) {
      if (!(await isOver(ctx))) throw refusal(layoutCause(ctx, await askedElsewhere(ctx)))
      await removeSecrets(ctx, await describeSecrets(ctx, otherLayout(ctx.config.secrets.layout)), 'schedule')
    },
  }
}

async function isOver(ctx: StepContext): Promise<boolean> {
  const [pairs, asked] = await Promise.all([lookAtPairs(ctx), askedElsewhere(ctx)])
  return asked.length === 0 && pairs.every(({ state }) => state === 'same' || state === 'nothing')
}
