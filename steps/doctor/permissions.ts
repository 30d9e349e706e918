import type { Access, Kube } from '../../src/ports/index.ts'
import type { DoctorCheck, Finding } from './finding.ts'
import { accessWords, neededAccess } from './kube-access.ts'

const EVERYTHING: Access = { verb: '*', group: '*', resource: '*' }
/** More would hide the point. */
const SHOWN = 6

/** Whether the run may write in the cluster what its steps write there. */
export const kubePermissions: DoctorCheck = {
  id: 'permissions-cluster',
  title: 'Permissions in the cluster',
  asks: 'cluster',
  run: ({ config, kube, signal }) => judgeAccess(kube, neededAccess(config), signal),
}

/** Asks the API server about each access; one question suffices for an administrator. */
export async function judgeAccess(kube: Kube, needed: readonly Access[], signal: AbortSignal): Promise<Finding> {
  if (await kube.canI(EVERYTHING, signal))
    return { result: 'pass', evidence: 'SelfSubjectAccessReview: everything is allowed' }
  const allowed = await Promise.all(needed.map((access) => kube.canI(access, signal)))
  const lacking = needed.filter((_access, index) => !allowed[index])
  const [first] = lacking
  if (first === undefined)
    return { result: 'pass', evidence: `SelfSubjectAccessReview: ${needed.length} of ${needed.length} are allowed` }
  const shown = lacking.slice(0, SHOWN).map(accessWords).join('; ')
  const more = lacking.length > SHOWN ? `; and ${lacking.length - SHOWN} more` : ''
  const { verb, resource, group, namespace } = first
  const flag = namespace === undefined ? '' : ` -n ${namespace}`
  return {
    result: 'fail',
    evidence: `not allowed: ${shown}${more}`,
    fix: `have them granted (on EKS: an access entry or RBAC), then: kubectl auth can-i ${verb} ${resource}${group && `.${group}`}${flag}`,
  }
}
