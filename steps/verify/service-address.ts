import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'
import type { CheckContext } from './check.ts'

interface PodTemplate {
  readonly template: {
    readonly spec: { readonly containers: readonly { readonly env?: readonly { name: string; value?: string }[] }[] }
  }
}

/** A variable in the pod template of a workload: its text, or which of the two is not there. */
export async function variableOf(
  ctx: CheckContext,
  workload: ObjectRef,
  variable: string,
): Promise<{ readonly text: string } | { readonly lacking: string }> {
  const found = await ctx.kube.find(workload, ctx.signal)
  if (found === undefined) return { lacking: `the ${workload.kind} is not there` }
  const text = textOf(found, variable)
  return text === undefined ? { lacking: 'it is not set' } : { text }
}

function textOf({ spec }: KubeObject, variable: string): string | undefined {
  const { containers } = (spec as PodTemplate).template.spec
  return containers.flatMap(({ env = [] }) => env).find(({ name }) => name === variable)?.value
}

/** Why nothing takes what pods of `from` send there. An address outside of the cluster is somebody else's. */
export async function addressFaults(ctx: CheckContext, address: string, from: string): Promise<readonly string[]> {
  if (!URL.canParse(address)) return [`${address} is no address`]
  const { hostname, port, protocol } = new URL(address)
  const [name = '', namespace = from, kind] = hostname.split('.')
  if (kind !== undefined && kind !== 'svc') return []
  const service = await ctx.kube.find({ apiVersion: 'v1', kind: 'Service', name, namespace }, ctx.signal)
  if (service === undefined) return [`it is ${address}: there is no Service ${namespace}/${name}`]
  const wanted = Number(port || (protocol === 'https:' ? 443 : 80))
  const { ports = [] } = (service.spec ?? {}) as { ports?: readonly { readonly port: number }[] }
  if (ports.some((one) => one.port === wanted)) return []
  const found = ports.map((one) => one.port).join(', ')
  return [`it is ${address}: Service ${namespace}/${name} has no port ${wanted}, only ${found || 'none'}`]
}
