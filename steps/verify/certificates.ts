import type { Config } from '../../src/config/schema.ts'
import type { KubeObject } from '../../src/ports/index.ts'
import { decoded } from '../secret-in-cluster.ts'
import { type Check, type CheckContext, verdict } from './check.ts'

/** Operators renew theirs weeks before; one that gets here was not renewed. */
const SOON_MS = 7 * 24 * 60 * 60 * 1000

/** Namespaces whose webhooks the API server calls by TLS. */
const homes = ({ namespaces }: Config) => [...new Set([namespaces.secrets, namespaces.policy, namespaces.monitoring])]

/** Helm's own may be megabytes. */
const NO_RELEASES = 'type!=helm.sh/release.v1'

interface Judged {
  readonly place: string
  readonly fault?: string
  readonly isOver: boolean
}

/** A webhook with a certificate that is over refuses every write that it is asked about. */
export const certificatesValid: Check = {
  id: 'certificates',
  component: 'cluster',
  title: 'Certificates of webhooks are valid, and for a while yet',
  async run(ctx) {
    const secrets = await Promise.all(
      homes(ctx.config).map((namespace) =>
        ctx.kube.list({ apiVersion: 'v1', kind: 'Secret', namespace, fieldSelector: NO_RELEASES }, ctx.signal),
      ),
    )
    const judged = secrets.flat().flatMap((secret) => judge(ctx, secret))
    const lookedAt = judged.map(({ place }) => place).join(', ') || `Secrets of ${homes(ctx.config).join(', ')}`
    if (judged.length === 0) return { result: 'skip', lookedAt, found: 'there is no certificate' }
    const faults = judged.flatMap(({ fault }) => fault ?? [])
    const hint = 'look at the log of the operator that renews it, or delete the Secret: it makes a new one'
    if (judged.every(({ isOver }) => !isOver) && faults.length > 0) {
      return { result: 'warn', lookedAt, found: faults.join('; '), hint }
    }
    return verdict(lookedAt, faults, { good: `${judged.length} valid`, hint })
  },
}

/** Certificates in a Secret; a chain ends with its first certificate. */
function judge(ctx: CheckContext, { metadata, data }: KubeObject): readonly Judged[] {
  const held = (data ?? {}) as Readonly<Record<string, string>>
  return Object.entries(held)
    .filter(([key, value]) => key.endsWith('.crt') && value !== '')
    .flatMap(([key, value]): readonly Judged[] => {
      const place = `${key} of Secret ${metadata.namespace}/${metadata.name}`
      const [first] = ctx.certificates.read(decoded(value))
      if (first === undefined) return []
      const now = ctx.clock.now()
      const left = first.notAfter - now
      if (now < first.notBefore) return [{ place, fault: `${place} is not valid yet`, isOver: true }]
      if (left > SOON_MS) return [{ place, isOver: false }]
      const day = new Date(first.notAfter).toISOString().slice(0, 10)
      const words = left <= 0 ? `ended on ${day}` : `ends on ${day}`
      return [{ place, fault: `${place} ${words}`, isOver: left <= 0 }]
    })
}
