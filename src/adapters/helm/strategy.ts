import { LlmgwError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import { refOf } from './change-of.ts'

interface Rolled {
  readonly strategy?: { readonly type?: string; readonly rollingUpdate?: unknown }
}

const strategyOf = (object: KubeObject | undefined): NonNullable<Rolled['strategy']> =>
  (object?.spec as Rolled | undefined)?.strategy ?? {}

/** The API server's words where both meet. Source: k8s.io/kubernetes pkg/apis/apps/validation, ValidateDeploymentStrategy. */
const FORBIDDEN = /spec\.strategy\.rollingUpdate: Forbidden/

/** Whether a release failed since a Deployment that rolled until now would be recreated. */
export function keepsRollingUpdate(error: unknown): boolean {
  return error instanceof LlmgwError && FORBIDDEN.test(String(error.cause))
}

/**
 * Makes Deployments ready to be recreated instead of rolled. The API server fills `rollingUpdate` in where nobody sets it, keeps
 * it when the type changes, and forbids it beside Recreate: no server-side apply takes away what it does not own, not even with null.
 */
export async function letRecreate(
  kube: Kube,
  objects: readonly KubeObject[],
  { signal, report }: { readonly signal: AbortSignal; readonly report: (line: string) => void },
): Promise<void> {
  const recreated = objects.filter((object) => object.kind === 'Deployment' && strategyOf(object).type === 'Recreate')
  for (const ref of recreated.map(refOf)) {
    const live = await kube.find(ref, signal)
    if (strategyOf(live).rollingUpdate === undefined) continue
    report(`Deployment ${ref.name} will be recreated from now on: taking its rollingUpdate away`)
    await kube.patch(ref, { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } }, signal)
  }
}
