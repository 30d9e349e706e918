import type { Looked } from '../../engine/look.ts'
import { lackingNeeds, type Selection } from '../../engine/selection.ts'
import { PreflightError } from '../../errors.ts'
import type { Services } from '../../ports/index.ts'

/** @throws PreflightError NeedsLacking that names what the selected steps need, and lack */
export function refuseLacking(selection: Selection<Services>, looked: Looked, flags: { readonly skip?: string }): void {
  const lacking = lackingNeeds(selection, looked)
  if (lacking.length === 0) return
  const components = [...new Set(lacking.map((need) => need.component))]
  const states = lacking.map(({ step, state }) => `${step} is ${state}`)
  const command = `llmgw deploy ${components.join(' ')}`
  throw new PreflightError('NeedsLacking', `what it needs is not there: ${states.join(', ')}`, {
    // What a skipped component needs in turn is not there either.
    hint:
      flags.skip === undefined
        ? `${command}   (or add --with-needs)`
        : `${command} --with-needs   (or take it out of --skip)`,
  })
}
