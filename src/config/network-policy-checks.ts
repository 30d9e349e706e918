import { contains, holdsAddress, isCidr, METADATA_ADDRESSES, METADATA_RANGES } from './cidr.ts'
import type { Fault } from './fault.ts'
import type { Config } from './schema.ts'
import { showText } from './show.ts'

/** Ranges that are none, and ranges through which a pod could take on the role of its node. */
export function networkPoliciesFaults({
  networkPolicies: { internalCidrs, egress, ingress },
}: Config): readonly Fault[] {
  const lists: readonly (readonly [readonly string[], readonly string[]])[] = [
    [['internalCidrs'], internalCidrs],
    [['egress', 'cidrs'], egress.cidrs],
    [['egress', 'databaseCidrs'], egress.databaseCidrs ?? []],
    [['egress', 'dnsCidrs'], egress.dnsCidrs],
    [['ingress', 'gateway', 'cidrs'], ingress.gateway.cidrs],
    [['ingress', 'ui', 'cidrs'], ingress.ui.cidrs],
  ]
  return lists.flatMap(([path, ranges]) =>
    ranges.flatMap((range, index) => {
      const message = faultOf(range, path.at(-1) === 'dnsCidrs')
      return message === undefined ? [] : [{ path: ['networkPolicies', ...path, index], message }]
    }),
  )
}

function faultOf(range: string, resolver: boolean): string | undefined {
  const shown = showText(range)
  if (!isCidr(range)) return `"${shown}" is no range of addresses; expected a CIDR such as 10.0.0.0/16`
  const dangerous = resolver
    ? METADATA_ADDRESSES.some((address) => holdsAddress(range, address))
    : METADATA_RANGES.some((metadata) => contains(metadata, range))
  return dangerous
    ? `"${shown}" leads to the metadata service, which hands out the role of the node; expected another range`
    : undefined
}
