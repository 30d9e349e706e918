import { StepError } from '../../errors.ts'
import type { Kube } from '../../ports/kube.ts'
import type { PodTarget } from './ready-pod.ts'

interface PortForward {
  readonly forwards?: readonly { readonly ports?: readonly number[] }[]
}

/**
 * Whether nobody can answer there: kwok marks nodes whose pods it makes up, and such an object leads into those of them
 * that are real. Source: kwok documentation, node annotations and PortForward.
 */
export async function isSimulated(
  kube: Kube,
  { namespace, name, port }: PodTarget,
  signal: AbortSignal,
): Promise<boolean> {
  const pod = await kube.find({ apiVersion: 'v1', kind: 'Pod', namespace, name }, signal)
  const { nodeName } = (pod?.spec ?? {}) as { readonly nodeName?: string }
  if (nodeName === undefined) return false
  const node = await kube.find({ apiVersion: 'v1', kind: 'Node', name: nodeName }, signal)
  if (node?.metadata.annotations?.['kwok.x-k8s.io/node'] !== 'fake') return false
  const door = await kube.find({ apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'PortForward', namespace, name }, signal)
  const { forwards = [] } = (door?.spec ?? {}) as PortForward
  return !forwards.some(({ ports = [] }) => ports.includes(port))
}

/** What a call of a simulated port ends with. */
export function simulated({ title, port }: { readonly title: string; readonly port: number }): StepError {
  const message = `port ${port} of ${title} is simulated: nobody is there to answer`
  return new StepError('PodSimulated', message, { hint: 'llmgw sandbox status' })
}
