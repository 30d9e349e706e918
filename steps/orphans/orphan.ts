import type { Orphan } from '../../src/engine/step.ts'
import type { LlmgwStep, Services, StepContext } from '../../src/ports/index.ts'

/** Something of ours that no step wants, with how it is removed; without `remove` it is only shown. */
export interface FoundOrphan extends Orphan {
  /**
   * In which order: `synced` before the `store` it reads from, that before the `operator` that clears it away;
   * `isolation`, which denies, before `opening`, which allows.
   */
  readonly rank: 'synced' | 'store' | 'operator' | 'isolation' | 'opening' | 'other'
  remove?(ctx: StepContext): Promise<void>
}

/** Looks for one kind of orphans. */
export interface OrphanSearch {
  /** What is looked for, in the plural. */
  readonly what: string
  /** Finds what `--prune` removes. */
  readonly prunable: boolean
  /** @param wanted targets that steps of this configuration own */
  find(ctx: Services & Pick<StepContext, 'signal'>, wanted: ReadonlySet<string>): Promise<readonly FoundOrphan[]>
}

/** Targets that the steps of this configuration own. */
export async function wantedTargets(steps: readonly LlmgwStep<unknown>[], ctx: Services): Promise<ReadonlySet<string>> {
  const own = steps.filter((step) => step.off?.(ctx) === undefined)
  return new Set((await Promise.all(own.map((step) => step.owns?.(ctx) ?? []))).flat())
}
