import { stringify } from 'yaml'
import { toolPolicy } from '../../../steps/permissions/aws-actions.ts'
import { toolClusterRole } from '../../../steps/permissions/cluster-role.ts'
import { UsageError } from '../../errors.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { loadOffline } from '../load-offline.ts'
import { supposedTarget } from '../validate/empty-world.ts'

/** `llmgw permissions iam|cluster`: what llmgw itself needs; asks nobody, since who asks may not have it yet. @returns exit code */
export async function permissions(which: 'iam' | 'cluster', flags: GlobalFlags, host: Host): Promise<number> {
  const { config } = await loadOffline(flags, host)
  if (which === 'cluster') {
    const role = toolClusterRole(config)
    host.stdout.write(flags.output === 'text' ? stringify(role) : `${JSON.stringify(role, null, 2)}\n`)
    return 0
  }
  if (config.aws.accountId === undefined)
    throw new UsageError(
      'AccountUnknown',
      'the policy names resources of an account, and the configuration names none',
      {
        hint: 'set aws.accountId, or AWS_ACCOUNT_ID',
      },
    )
  const target = supposedTarget(config)
  // The id of the issuer is known once there is a cluster: whatever it is, in this region.
  const issuer = target.oidcIssuer.replace(/0+$/, '*')
  const policy = toolPolicy({ config, target: { ...target, oidcIssuer: issuer } })
  host.stdout.write(`${JSON.stringify(policy, null, 2)}\n`)
  return 0
}
