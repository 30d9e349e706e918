import type { DoctorCheck } from './finding.ts'
import { schedulableNodes } from './nodes.ts'

/** Sentinel needs a majority: three places keep one when one place is lost. */
const ENOUGH = 3

/** Redis servers can stand apart, so that the loss of a zone or a node is not the loss of the quorum. */
export const redisSpread: DoctorCheck = {
  id: 'zones',
  title: 'Zones for Redis',
  asks: 'cluster',
  async run(ctx) {
    const { cache } = ctx.config
    if (cache.kind !== 'redis-ha' || cache.replicas === 1)
      return { result: 'skip', evidence: `nothing to spread: cache.kind is ${cache.kind}` }
    const nodes = await schedulableNodes(ctx)
    const zones = [...new Set(nodes.flatMap(({ zone }) => zone ?? []))].sort()
    const evidence = `${cache.replicas} servers, ${nodes.length} schedulable nodes in ${zones.length} zones${zones.length > 0 ? `: ${zones.join(', ')}` : ''}`
    if (zones.length >= ENOUGH && nodes.length >= ENOUGH) return { result: 'pass', evidence }
    return {
      result: 'warn',
      evidence: `${evidence}; the loss of one may take the quorum`,
      fix: `have nodes in ${ENOUGH} zones, or accept it`,
    }
  },
}
