import { StepError } from '../../src/errors.ts'
import type { LlmgwStep } from '../../src/ports/index.ts'
import { refOf, targetOf } from '../desired.ts'
import type { ReleaseStep } from '../helm-release.ts'
import { actionStep } from './action.ts'
import { ownRelease, type Reading, workloadsOf } from './workloads.ts'

/** Annotation that kubectl writes too, so that both see the other's restarts. Source: kubectl, `rollout restart`. */
const RESTARTED = 'kubectl.kubernetes.io/restartedAt'

/** Replaces the pods of a component, as its workloads roll: as many at a time as they allow. */
export async function restartStep(ctx: Reading, step: ReleaseStep): Promise<LlmgwStep> {
  const refs = workloadsOf(await ownRelease(ctx, step)).map(refOf)
  if (refs.length === 0)
    throw new StepError('NothingToRestart', `the release of ${step.component} keeps no pods running`, {
      hint: `see what it has with: llmgw status ${step.component}`,
    })
  return actionStep({
    id: `restart-${step.id}`,
    title: `Restart ${step.component}`,
    component: step.component,
    changes: refs.map((ref) => ({
      action: 'run',
      target: targetOf(ref),
      detail: 'replace its pods, one after the other',
    })),
    async run(run) {
      const annotations = { [RESTARTED]: new Date(run.clock.now()).toISOString() }
      for (const ref of refs)
        await run.kube.patch(ref, { spec: { template: { metadata: { annotations } } } }, run.signal)
    },
    watched: async () => refs,
  })
}
