import { StepError } from '../../src/errors.ts'
import type { Services, StepContext } from '../../src/ports/index.ts'
import type { Secret } from '../../src/secret.ts'
import { secretInCluster } from '../secret-in-cluster.ts'
import { syncedKey } from '../synced-key.ts'

type Looking = Pick<Services, 'kube' | 'config'> & Pick<StepContext, 'signal'>

/**
 * The administrator's key, as the gateway's own pods read it.
 * @throws StepError GatewayKeyMissing when it is not in the cluster
 */
export async function masterKeyInCluster(ctx: Looking): Promise<Secret> {
  const namespace = ctx.config.namespaces.gateway
  const { name, key } = syncedKey(ctx.config, 'gateway', 'litellm-master-key')
  const found = await secretInCluster(ctx, { namespace, name, key })
  if (found !== undefined) return found
  throw new StepError('GatewayKeyMissing', `key ${key} of Secret ${namespace}/${name} is not there`, {
    hint: 'llmgw deploy external-secrets',
  })
}
