import type { KubeObject } from '../../src/ports/index.ts'
import { RELEASES } from '../names.ts'
import { endsSoon, renewalHint, seeCertificate } from '../redis/certificate.ts'
import { tlsSecret } from '../redis/tls.ts'
import { type Check, type CheckContext, verdict } from './check.ts'

/** Redis reads its certificate when it starts, and goes on with it whatever the Secret holds by then. */
export const cacheCertificateHolds: Check = {
  id: 'redis-certificate',
  component: 'redis',
  title: 'Certificate of Redis fits, lasts, and is the one that its pods started with',
  async run(ctx) {
    const secret = tlsSecret(ctx.config)
    if (secret === undefined) return { result: 'skip', lookedAt: 'the configuration', found: 'cache.tls is not set' }
    const { place, facts, faults } = await seeCertificate(ctx, secret)
    const [first] = faults
    if (first || facts === undefined)
      return verdict(
        place,
        faults.map(({ message }) => message),
        { good: '', ...(first && { hint: first.hint }) },
      )
    const pods = await servers(ctx, secret.namespace)
    const older = pods.filter((pod) => startOf(pod) < facts.notBefore).map(({ metadata }) => metadata.name)
    const lookedAt = `${place}, ${pods.length} pods of Redis`
    if (older.length > 0) {
      const found = `${older.join(', ')} started before the certificate was issued: they still show the one before`
      return { result: 'warn', lookedAt, found, hint: 'llmgw restart redis' }
    }
    const soon = endsSoon(ctx.clock.now(), facts)
    if (soon) return { result: 'warn', lookedAt, found: soon, hint: renewalHint(secret) }
    return verdict(lookedAt, [], { good: `valid until ${new Date(facts.notAfter).toISOString().slice(0, 10)}` })
  },
}

async function servers({ kube, signal }: CheckContext, namespace: string): Promise<readonly KubeObject[]> {
  const labelSelector = `app=redis-ha,release=${RELEASES.redis.name}`
  return await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector }, signal)
}

/** NaN, which is earlier than nothing, where the pod has not started. */
const startOf = ({ status }: KubeObject): number =>
  Date.parse((status as { readonly startTime?: string } | undefined)?.startTime ?? '')
