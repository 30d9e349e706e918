import { GATEWAY_SERVICE } from '../../../steps/litellm/service.ts'
import { syncedKey } from '../../../steps/synced-key.ts'
import type { Config } from '../../config/schema.ts'
import { StepError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/index.ts'
import { Secret } from '../../secret.ts'

/** A pod that answers for the gateway. */
export interface GatewayPod {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>
  readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[]
}

interface PodSpec {
  readonly containers: readonly {
    readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
  }[]
}

/**
 * A ready pod behind the gateway's Service, as the Service itself would choose one.
 * @throws StepError when there is no Service, or nothing ready stands behind it
 */
export async function findGatewayPod(kube: Kube, config: Config, signal: AbortSignal): Promise<GatewayPod> {
  const namespace = config.namespaces.gateway
  const { name, ports } = GATEWAY_SERVICE
  const service = await kube.find({ apiVersion: 'v1', kind: 'Service', namespace, name }, signal)
  if (!service) {
    throw new StepError('GatewayNotThere', `Service ${namespace}/${name} is not there`, {
      hint: 'llmgw deploy litellm --with-needs',
    })
  }
  const spec = service.spec as ServiceSpec
  const labelSelector = Object.entries(spec.selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  const pods = await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector }, signal)
  const pod = pods.find(isReady)
  const target = spec.ports?.find(({ port }) => port === ports.http)?.targetPort ?? ports.http
  const port = pod && portOf(pod, target)
  if (pod === undefined || port === undefined) {
    throw new StepError(
      'GatewayNotReady',
      `no ready pod stands behind Service ${namespace}/${name} (${pods.length} found)`,
      { hint: 'llmgw status litellm' },
    )
  }
  return { namespace, name: pod.metadata.name, port }
}

function isReady({ metadata, status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] }
  const ready = conditions.some((one) => one.type === 'Ready' && one.status === 'True')
  return ready && metadata.deletionTimestamp === undefined
}

function portOf(pod: KubeObject, target: number | string): number | undefined {
  if (typeof target === 'number') return target
  const { containers } = pod.spec as PodSpec
  return containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === target)?.containerPort
}

/**
 * The administrator's key, as the gateway's own pods read it.
 * @throws StepError when it is not in the cluster
 */
export async function findMasterKey(kube: Kube, config: Config, signal: AbortSignal): Promise<Secret> {
  const namespace = config.namespaces.gateway
  const { name, key } = syncedKey(config, 'gateway', 'litellm-master-key')
  const secret = await kube.find({ apiVersion: 'v1', kind: 'Secret', namespace, name }, signal)
  const value = (secret?.data as Readonly<Record<string, string>> | undefined)?.[key]
  if (value !== undefined) return new Secret(Buffer.from(value, 'base64').toString('utf8'))
  throw new StepError('GatewayKeyMissing', `key ${key} of Secret ${namespace}/${name} is not there`, {
    hint: 'llmgw deploy external-secrets',
  })
}
