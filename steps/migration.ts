import { applied, ready } from '../src/engine/step.ts'
import type { LlmgwStep } from '../src/ports/index.ts'
import { irsaExternalSecrets } from './irsa/irsa-external-secrets.ts'
import { moveValues } from './migration/move-values.ts'
import { retireLayout } from './migration/retire-layout.ts'
import { switchSyncs } from './migration/switch-syncs.ts'

export interface Migration {
  /** ExternalSecrets of ours are in the cluster. */
  readonly synced: boolean
  /** The secrets of the layout before are scheduled for deletion, once nothing reads them. */
  readonly retire: boolean
}

/**
 * The way from the other layout to that of the configuration, as steps: values are copied and read back, the role of
 * External Secrets may read both, the ExternalSecrets change in place, the role loses what it no longer needs. At each
 * point the Kubernetes Secrets hold the same values, and a run that was stopped goes on where it was.
 */
export function migrationSteps({ synced, retire }: Migration): readonly LlmgwStep<unknown>[] {
  const ended = synced ? inCluster() : []
  const last = ended.at(-1) ?? moveValues
  return [moveValues, ...ended, ...(retire ? [retireLayout(last)] : [])]
}

function inCluster(): readonly LlmgwStep<unknown>[] {
  const admit: LlmgwStep<unknown> = {
    ...role,
    id: 'admit-layout',
    title: 'Let External Secrets read both layouts',
    needs: [applied(moveValues)],
  }
  const syncs = switchSyncs([applied(moveValues), ready(admit)])
  const narrow: LlmgwStep<unknown> = {
    ...role,
    id: 'narrow-role',
    title: 'Let External Secrets read the new layout alone',
    needs: [ready(syncs)],
    async check(ctx) {
      // While an ExternalSecret asks for the layout before, the role is as it is for that.
      await ctx.output(syncs)
      return await role.check(ctx)
    },
  }
  return [admit, syncs, narrow]
}

const role = irsaExternalSecrets as LlmgwStep<unknown>
