import type { Kube } from '../../ports/kube.ts'
import { findHistory, markSuperseded } from './release-secret.ts'

/**
 * Marks all deployed revisions but the newest as superseded, as helm itself does at an upgrade and a rollback; but when that
 * write is refused or lost, helm goes on and ends well. Source: helm.sh/helm/v4/pkg/action, Configuration.recordRelease.
 */
export async function supersedeOlder(
  kube: Kube,
  release: { readonly name: string; readonly namespace: string },
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace } = release
  const labelSelector = `owner=helm,name=${name},status=deployed`
  const deployed = await kube.list(
    { apiVersion: 'v1', kind: 'Secret', namespace, labelSelector, metadataOnly: true },
    signal,
  )
  if (deployed.length < 2) return
  const history = await findHistory(kube, release, signal)
  const [, ...older] = history.filter(({ record }) => record.status === 'deployed')
  for (const revision of older) await markSuperseded(kube, revision, signal)
}
