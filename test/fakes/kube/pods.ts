import type { KubeObject } from '../../../src/ports/kube.ts'
import type { FakeKube } from '../fake-kube.ts'

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec?: unknown
}

const REPLACING = new Set(['Deployment', 'StatefulSet', 'DaemonSet'])
let made = 0

/** The controllers' part: pods of a workload carry its template; those of another template are replaced. */
export async function replacePods(kube: FakeKube, workload: KubeObject): Promise<void> {
  if (!REPLACING.has(workload.kind)) return
  const { replicas = 1, template = {} } = (workload.spec ?? {}) as { replicas?: number; template?: Template }
  const { namespace = 'default', name, uid = '' } = workload.metadata
  const annotations = template.metadata?.annotations ?? {}
  const own = (await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace })).filter(({ metadata }) =>
    metadata.ownerReferences?.some((owner) => owner.uid === uid),
  )
  if (own.some(({ metadata }) => JSON.stringify(metadata.annotations ?? {}) === JSON.stringify(annotations))) return
  for (let index = 0; index < replicas; index += 1) {
    made += 1
    kube.seed(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `${name}-${made}`,
          namespace,
          annotations,
          ownerReferences: [{ kind: workload.kind, name, uid, controller: true }],
        },
        spec: template.spec,
        status: { phase: 'Running' },
      },
      'controller',
    )
  }
  for (const { metadata } of own) await kube.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name: metadata.name })
}
