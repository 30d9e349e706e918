import { type Looked, publish } from '../../engine/look.ts'
import { createOutputs } from '../../engine/outputs.ts'
import { withRuntime } from '../../engine/runtime.ts'
import { NotYetKnown, type Step } from '../../engine/step.ts'
import type { Services } from '../../ports/index.ts'
import type { Session } from './session.ts'

/** What a step tells about itself; why not, where it cannot. */
export async function viewStep(session: Session, step: Step<Services, unknown>, looked: Looked): Promise<string> {
  const outputs = createOutputs(looked.observations.keys())
  for (const [id, seen] of looked.observations) publish(outputs, id, seen)
  const ctx = withRuntime(session.ctx, step, {
    outputs,
    signal: session.stop.signal,
    emit: () => undefined,
    look: looked.depth,
  })
  try {
    return (await step.view?.(ctx)) ?? ''
  } catch (error) {
    // Not being able to look is an answer to "what is there"; the question itself stays open.
    if (error instanceof NotYetKnown) return `${step.id}: known after ${error.stepId}`
    return `${step.id}: cannot be shown: ${error instanceof Error ? error.message : String(error)}`
  }
}
