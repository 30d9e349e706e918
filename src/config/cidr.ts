import { BlockList, isIP } from 'node:net'

/**
 * Link-local addresses: the instance metadata service (169.254.169.254), credentials of ECS (169.254.170.2) and the EKS Pod
 * Identity agent (169.254.170.23); the same over IPv6. Source: EC2 user guide "Use IMDS", EKS user guide "EKS Pod Identity".
 */
export const METADATA_RANGES = ['169.254.0.0/16', 'fd00:ec2::/32'] as const

/** Addresses in these ranges that hand out credentials. */
export const METADATA_ADDRESSES = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::254',
  'fd00:ec2::23',
] as const

interface Cidr {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** The parts of `10.0.0.0/16`; undefined when it is no CIDR. */
function parse(text: string): Cidr | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? []
  const version = isIP(address)
  const prefix = Number(digits)
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return undefined
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Whether this is a CIDR of IPv4 or IPv6. */
export const isCidr = (text: string): boolean => parse(text) !== undefined

/** Whether `outer` holds every address of `inner`; of different families it never does. */
export function contains(outer: string, inner: string): boolean {
  const [large, small] = [parse(outer), parse(inner)]
  if (!large || !small || large.family !== small.family || large.prefix > small.prefix) return false
  const list = new BlockList()
  list.addSubnet(large.address, large.prefix, large.family)
  return list.check(small.address, small.family)
}

/** Whether one address lies in a CIDR. */
export function holdsAddress(cidr: string, address: string): boolean {
  return contains(cidr, `${address}/${isIP(address) === 4 ? 32 : 128}`)
}
