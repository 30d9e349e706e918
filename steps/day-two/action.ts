import type { Change } from '../../src/engine/step.ts'
import type { LlmgwStep, ObjectRef, StepContext } from '../../src/ports/index.ts'
import { durationMs } from '../names.ts'

/** Something that is done once, on request; what it leaves is judged by the health of some objects. */
export interface Action {
  readonly id: string
  readonly title: string
  readonly component: LlmgwStep['component']
  readonly changes: readonly Change[]
  run(ctx: StepContext): Promise<void>
  /** What must be ready in the end. */
  watched(ctx: StepContext): Promise<readonly ObjectRef[]>
}

/** An action as a step, so that it is agreed on, done under the lock, awaited and told like every other change. */
export function actionStep({ id, title, component, changes, run, watched }: Action): LlmgwStep {
  let done = false
  return {
    id,
    title,
    component,
    needs: [],
    check: async () => (done ? { state: 'current', out: undefined } : { state: 'drifted', changes }),
    async apply(ctx) {
      await run(ctx)
      done = true
    },
    async ready(ctx) {
      const timeoutMs = durationMs(ctx.config.timeouts.step)
      await ctx.readiness.wait(await watched(ctx), { timeoutMs, signal: ctx.signal, report: ctx.report })
    },
  }
}
