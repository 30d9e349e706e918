import { endsSoon, renewalHint, seeCertificate } from '../redis/certificate.ts'
import { switchFault } from '../redis/switch.ts'
import { tlsSecret } from '../redis/tls.ts'
import type { DoctorCheck } from './finding.ts'

/** What Redis and its clients would start with, and whether servers that run can be brought to it. */
export const cacheCertificate: DoctorCheck = {
  id: 'cache-certificate',
  title: 'Certificate of Redis',
  asks: 'cluster',
  async run(ctx) {
    const secret = tlsSecret(ctx.config)
    if (secret === undefined) return { result: 'skip', evidence: 'cache.tls is not set' }
    const [{ place, facts, faults }, inTheWay] = await Promise.all([seeCertificate(ctx, secret), switchFault(ctx)])
    const [first, ...others] = [...faults, ...(inTheWay ? [inTheWay] : [])]
    if (first)
      return { result: 'fail', evidence: [first, ...others].map(({ message }) => message).join('; '), fix: first.hint }
    const soon = facts && endsSoon(ctx.clock.now(), facts)
    if (soon)
      return {
        result: 'warn',
        evidence: `${place} ${soon}`,
        fix: renewalHint(secret),
      }
    return { result: 'pass', evidence: `${place}: key, names, authority and time fit` }
  },
}
