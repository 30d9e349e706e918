import type { Config } from '../../src/config/schema.ts'
import type { Services } from '../../src/ports/index.ts'
import { mergeValues, type Values } from '../helm-release/merge-values.ts'
import type { SecretPlace } from '../secret-in-cluster.ts'

/** Keys of the Secret, as cert-manager names them. Source: cert-manager documentation, Certificate resource. */
export const TLS_KEYS = { certificate: 'tls.crt', key: 'tls.key', authority: 'ca.crt' } as const

/** Name and namespace of the Secret with the certificate of Redis; undefined where Redis speaks plain text. */
export function tlsSecret({ cache, namespaces }: Config): Omit<SecretPlace, 'key'> | undefined {
  if (cache.kind !== 'redis-ha' || cache.tls === undefined) return undefined
  return { name: cache.tls.secretName, namespace: namespaces.gateway }
}

/** Values of the chart with which nothing listens in plain text; none where that is not wanted. */
export async function tlsValues({ config, assets }: Pick<Services, 'config' | 'assets'>): Promise<Values> {
  const secret = tlsSecret(config)
  if (secret === undefined) return {}
  const [base] = await assets.documents('helm-values/redis-ha-tls.yaml')
  return mergeValues(base as Values, {
    tls: { secretName: secret.name },
    haproxy: { tls: { secretName: secret.name } },
  })
}
