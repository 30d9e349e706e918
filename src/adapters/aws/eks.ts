import type { Eks, EksCluster } from '../../ports/index.ts'
import { noteAttempts } from './attempts.ts'
import { allPages, type Caller, lazy, undefinedIfAbsent } from './call.ts'
import type { ClientSettings } from './connection.ts'

/** EKS through the SDK. */
export function createEks(settings: () => ClientSettings, call: Caller): Eks {
  const load = lazy(async () => {
    const sdk = await import('@aws-sdk/client-eks')
    return { sdk, client: noteAttempts(new sdk.EKSClient(settings())) }
  })
  return {
    async findCluster(name, signal) {
      const about = { service: 'eks', operation: 'DescribeCluster', object: `cluster ${name}` }
      const answer = await undefinedIfAbsent(
        call(about, signal, async (abortSignal) => {
          const { sdk, client } = await load()
          return client.send(new sdk.DescribeClusterCommand({ name }), { abortSignal })
        }),
      )
      return answer?.cluster && toCluster(name, answer.cluster)
    },
    async listClusters(signal) {
      const about = { service: 'eks', operation: 'ListClusters', object: 'clusters' }
      const names = await allPages((nextToken) =>
        call(about, signal, async (abortSignal) => {
          const { sdk, client } = await load()
          const page = await client.send(new sdk.ListClustersCommand({ nextToken }), { abortSignal })
          return { items: page.clusters ?? [], next: page.nextToken }
        }),
      )
      return [...names].sort()
    },
  }
}

/** The fields of EKS's answer that we read; a cluster in creation has no endpoint yet. */
interface ClusterAnswer {
  readonly arn?: string | undefined
  readonly endpoint?: string | undefined
  readonly certificateAuthority?: { readonly data?: string | undefined } | undefined
  readonly version?: string | undefined
  readonly status?: string | undefined
  readonly identity?: { readonly oidc?: { readonly issuer?: string | undefined } | undefined } | undefined
}

function toCluster(name: string, cluster: ClusterAnswer): EksCluster {
  const oidcIssuer = cluster.identity?.oidc?.issuer
  return {
    name,
    arn: cluster.arn ?? '',
    endpoint: cluster.endpoint ?? '',
    certificateAuthority: cluster.certificateAuthority?.data ?? '',
    version: cluster.version ?? '',
    status: cluster.status ?? '',
    ...(oidcIssuer ? { oidcIssuer } : {}),
  }
}
