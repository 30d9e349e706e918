import { applied, ready } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { remoteName } from '../names.ts'
import { secretTarget } from '../secrets/logical-secret.ts'
import { ROTATING, type Rotated, type VersionOut, versionWith } from './new-version.ts'

const PREVIOUS = 'AWSPREVIOUS'

/** A step that takes the labels off the version that is no longer used, and ends the rotation. */
export function retire(
  { name }: Rotated,
  version: LlmgwStep<VersionOut>,
  after: readonly LlmgwStep<unknown>[],
): LlmgwStep {
  const labelled = async (ctx: StepContext): Promise<readonly string[]> => {
    const { versionId } = await ctx.output(version)
    const meta = await ctx.secretsManager.describe(remoteName(ctx.config, name), ctx.signal)
    if (meta === undefined) return []
    // The mark of the rotation goes last: a run that dies before goes on.
    const old = versionWith(meta, PREVIOUS)
    return [
      ...(old === undefined || old === versionId ? [] : [PREVIOUS]),
      ...(versionWith(meta, ROTATING) === undefined ? [] : [ROTATING]),
    ]
  }
  return {
    id: `retire-${name}`,
    title: `Retire the old version of ${name}`,
    component: 'secrets',
    needs: [applied(version), ...after.map((step) => ready(step))],

    async check(ctx) {
      if ((await labelled(ctx)).length === 0) return { state: 'current', out: undefined }
      const target = secretTarget(remoteName(ctx.config, name))
      return { state: 'drifted', changes: [{ action: 'update', target, detail: 'retire the version before' }] }
    },

    async apply(ctx) {
      const remote = remoteName(ctx.config, name)
      for (const label of await labelled(ctx)) await ctx.secretsManager.removeLabel(remote, label, ctx.signal)
    },
  }
}
