import type { KubeObject, ReleaseSpec } from '../../src/ports/index.ts'

/** A Service, and what the cluster makes for it where its pods are ready. */
export function service(
  { namespace }: ReleaseSpec,
  name: string,
  ports: Readonly<Record<string, number>> = {},
  labels: Readonly<Record<string, string>> = {},
  selector: Readonly<Record<string, string>> = {},
): readonly KubeObject[] {
  const named = Object.entries(ports).map(([port, number]) => ({ name: port, port: number }))
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels }, spec: { ports: named, selector } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    },
  ]
}
