import { StepError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import { refOf } from './change-of.ts'
import { LABELS } from './release-secret.ts'

const RELEASE_NAME = 'meta.helm.sh/release-name'
const RELEASE_NAMESPACE = 'meta.helm.sh/release-namespace'
const MANAGED_BY = 'app.kubernetes.io/managed-by'

interface Place {
  readonly name: string
  readonly namespace: string
}

/** Objects of a release that exist and that Helm does not count as this release's, with whose they are. */
export async function takenOver(
  kube: Kube,
  release: Place,
  objects: readonly KubeObject[],
  options: { readonly deployment: string; readonly signal?: AbortSignal | undefined },
): Promise<readonly string[]> {
  const live = await Promise.all(objects.map((object) => kube.find(refOf(object), options.signal)))
  return live.flatMap((object) => {
    if (object === undefined || isOf(object, release)) return []
    refuseForeign(object, options.deployment)
    return `${object.kind} ${object.metadata.name}, until now of ${ownerOf(object)}`
  })
}

function isOf({ metadata: { annotations = {}, labels = {} } }: KubeObject, { name, namespace }: Place): boolean {
  return (
    annotations[RELEASE_NAME] === name && annotations[RELEASE_NAMESPACE] === namespace && labels[MANAGED_BY] === 'Helm'
  )
}

function ownerOf({ metadata: { annotations = {}, labels = {} } }: KubeObject): string {
  const release = annotations[RELEASE_NAME]
  if (release !== undefined) return `release ${annotations[RELEASE_NAMESPACE] ?? ''}/${release}`
  return labels[MANAGED_BY] ?? 'nobody'
}

/** What another deployment of llmgw runs on is never taken from it. @throws StepError ForeignOwner */
function refuseForeign({ kind, metadata }: KubeObject, deployment: string): void {
  const owner = metadata.labels?.[LABELS.deployment]
  if (owner === undefined || owner === deployment) return
  throw new StepError(
    'ForeignOwner',
    `${kind} ${metadata.name} belongs to deployment "${owner}", this is "${deployment}"`,
    {
      hint: 'choose another name in llmgw.yaml, or remove it with the deployment that owns it',
    },
  )
}
