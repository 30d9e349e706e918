import type { KubeObject, Services, StepContext } from '../../src/ports/index.ts'
import { RELEASES } from '../names.ts'
import type { CertificateFault } from './certificate.ts'
import { tlsSecret } from './tls.ts'

/** What is asked of the StatefulSet of Redis servers. */
export interface Servers {
  readonly spec?: {
    readonly replicas?: number
    readonly template?: {
      readonly spec?: { readonly containers?: readonly { readonly ports?: readonly { readonly name?: string }[] }[] }
    }
  }
}

/** Port by which the chart tells a server with TLS. Source: redis-ha chart, template of the StatefulSet. */
const TLS_PORT = 'redis-tls'

/** Name of the StatefulSet of Redis servers. Source: redis-ha chart. */
export const SERVERS = `${RELEASES.redis.name}-redis-ha-server`

/** Whether servers of this StatefulSet speak TLS. */
export function speaksTls({ spec }: Servers): boolean {
  const ports = spec?.template?.spec?.containers?.flatMap((container) => container.ports ?? []) ?? []
  return ports.some(({ name }) => name === TLS_PORT)
}

/** Whether the servers of a release with these objects speak TLS. */
export const isTlsIn = (manifest: readonly KubeObject[]): boolean =>
  manifest.some(
    (object) => object.kind === 'StatefulSet' && object.metadata.name === SERVERS && speaksTls(object as Servers),
  )

/**
 * Why several servers that run cannot be replaced one by one by those that are wanted (as configured, unless told): a new one
 * follows a master only if both speak TLS or neither does, is not ready without one, and so keeps the next from being replaced.
 * Undefined where nothing is in the way. A throw means that it could not look.
 */
export async function switchFault(
  { config, kube, signal }: Pick<Services, 'config' | 'kube'> & Pick<StepContext, 'signal'>,
  isWanted = tlsSecret(config) !== undefined,
): Promise<CertificateFault | undefined> {
  const place = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: SERVERS, namespace: config.namespaces.gateway }
  const live = (await kube.find(place, signal)) as Servers | undefined
  if (live === undefined || (live.spec?.replicas ?? 1) < 2) return undefined
  const speaks = speaksTls(live)
  if (speaks === isWanted) return undefined
  const [is, wanted] = speaks ? ['TLS', 'plain text'] : ['plain text', 'TLS']
  return {
    code: 'CacheTlsSwitched',
    message: `StatefulSet ${place.namespace}/${SERVERS} speaks ${is}, and its ${live.spec?.replicas} servers cannot change to ${wanted} one by one`,
    hint: `kubectl --namespace ${place.namespace} delete statefulset ${SERVERS}, then llmgw deploy: volumes stay, and LiteLLM serves without its cache in between`,
  }
}
