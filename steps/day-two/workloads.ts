import { PreflightError } from '../../src/errors.ts'
import type { KubeObject, ReleaseRecord, Services, StepContext } from '../../src/ports/index.ts'
import { releaseTarget } from '../helm-release/definition.ts'
import type { ReleaseStep } from '../helm-release.ts'
import { foreignOwner } from '../ownership.ts'

export type Reading = Services & Pick<StepContext, 'signal'>

/**
 * The release of a component, ours.
 * @throws PreflightError NotDeployed, ForeignOwner
 */
export async function ownRelease(ctx: Reading, step: ReleaseStep): Promise<ReleaseRecord> {
  const { name, namespace } = step.place(ctx.config)
  const record = await ctx.helm.find(name, namespace, ctx.signal)
  const target = releaseTarget({ name, namespace })
  if (record === undefined)
    throw new PreflightError('NotDeployed', `${target} is not there`, { hint: `llmgw deploy ${step.component}` })
  if (record.deployment !== ctx.config.deployment)
    throw foreignOwner(ctx.config.deployment, target, record.deployment ?? 'nobody')
  return record
}

const ROLLING = new Set(['Deployment', 'StatefulSet', 'DaemonSet'])

/** Objects of a release that keep pods running, in its namespace unless they name one. */
export function workloadsOf({ manifest, namespace }: ReleaseRecord): readonly KubeObject[] {
  return manifest
    .filter(({ kind }) => ROLLING.has(kind))
    .map((object) => ({
      ...object,
      metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace },
    }))
}
