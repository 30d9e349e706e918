import type { KubeObject } from '../../src/ports/index.ts'
import { makeCertificate, type Wish } from './make-certificate.ts'

/** Configuration that makes Redis speak TLS with {@link cacheCertificate}. */
export const CACHE_TLS = { kind: 'redis-ha', tls: { secretName: 'redis-tls' } } as const

/** Names that the platform preset checks. */
const NAMES = ['redis-redis-ha-haproxy.litellm.svc', 'localhost']
const AUTHORITY = makeCertificate({ subject: 'authority of the cache', isAuthority: true })

/** What differs from a Secret that holds. */
export interface CacheSecretWish extends Partial<Omit<Wish, 'subject'>> {
  /** Stands in its place; an empty text takes the key away. */
  readonly data?: Readonly<Record<string, string>>
}

/** The Secret as cert-manager makes it. */
export function cacheCertificate({ data, ...wish }: CacheSecretWish = {}): KubeObject {
  const { certificate, key } = makeCertificate({ subject: 'redis', names: NAMES, issuer: AUTHORITY, ...wish })
  const texts = { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': AUTHORITY.certificate, ...data }
  const held = Object.entries(texts).filter(([, text]) => text !== '')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: 'redis-tls', namespace: 'litellm' },
    data: Object.fromEntries(held.map(([name, text]) => [name, Buffer.from(text).toString('base64')])),
  }
}
