import type { Cause } from '../../src/engine/step.ts'
import { PreflightError } from '../../src/errors.ts'
import type { Services, StepContext } from '../../src/ports/index.ts'
import { type Layout, remoteName } from '../names.ts'
import { currentVersion, type LogicalSecret } from './logical-secret.ts'

type Looking = Services & Pick<StepContext, 'signal'>

/** The layout that the configuration does not name. */
export const otherLayout = (layout: Layout): Layout => (layout === 'split' ? 'bundle' : 'split')

/** Those of these logical secrets that have a readable value in the other layout: their address there. */
export async function inOtherLayout(ctx: Looking, names: readonly string[]): Promise<readonly string[]> {
  const layout = otherLayout(ctx.config.secrets.layout)
  const looked = await Promise.all(
    names.map(async (name) => {
      const remote = remoteName(ctx.config, name, layout)
      const meta = await ctx.secretsManager.describe(remote, ctx.signal)
      const holds = meta !== undefined && meta.deletedAt === undefined && currentVersion(meta) !== undefined
      return holds ? [remote] : []
    }),
  )
  return looked.flat()
}

/**
 * Why these are not made, though the layout of the configuration has none of them: the other layout has them, and another
 * value, above all another salt key, would be as good as their loss. Undefined where it has none.
 */
export async function keptElsewhere(ctx: Looking, lacking: readonly LogicalSecret[]): Promise<Cause | undefined> {
  const found = await inOtherLayout(
    ctx,
    lacking.map(({ name }) => name),
  )
  return found.length === 0 ? undefined : layoutCause(ctx, found)
}

/** @param found addresses in the other layout */
export function layoutCause({ config }: Pick<Services, 'config'>, found: readonly string[]): Cause {
  const { layout } = config.secrets
  const [first, ...rest] = found
  const where = rest.length === 0 ? `${first}` : `${first} and ${rest.length} more`
  return {
    code: 'SecretsInOtherLayout',
    message: `secrets.layout is ${layout}, and the values are in layout ${otherLayout(layout)}: ${where}`,
    hint: `bring them over: llmgw secrets migrate   (or leave them: secrets.layout: ${otherLayout(layout)})`,
  }
}

/** A cause as the error that ends a step before its first write. */
export function refusal({ code, message, evidence, hint }: Cause): PreflightError {
  return new PreflightError(code, message, { hint, cause: evidence })
}
