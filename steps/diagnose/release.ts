import type { Cause } from '../../src/engine/step.ts'
import { endpointsOf, isReady, slicesOf } from '../../src/ports/endpoints.ts'
import type { LlmgwStep, ObjectRef, ReleaseRecord } from '../../src/ports/index.ts'
import { watchedRefs } from '../helm-release/definition.ts'
import { isHookOf } from '../helm-release/hooks.ts'
import { isReleaseStep } from '../helm-release.ts'
import { kindTrouble } from './kinds.ts'
import { unreadyPod } from './pod.ts'
import { aboutOf, nameOf, type Scene } from './scene.ts'

/** Why a release is not healthy: the first of its objects that cannot get ready, or waits for something that was said. */
export async function releaseTrouble(step: LlmgwStep<unknown>, scene: Scene): Promise<Cause | undefined> {
  if (!isReleaseStep(step)) return undefined
  const spec = await step.spec(scene)
  const record = await scene.helm.find(spec.name, spec.namespace, scene.signal)
  if (record === undefined) return undefined
  const kinds = await kindTrouble(step, record, scene)
  if (kinds) return kinds
  const health = await scene.readiness.look(watchedRefs(record), scene.signal)
  const failed = health.flatMap((one) => (one.health === 'failed' ? [one.cause] : []))
  if (failed[0]) return failed[0]
  for (const one of health) {
    if (one.health !== 'progressing') continue
    const cause = await unreadyPod(one.ref, scene)
    return cause ?? waiting(one.ref, one.waitingFor)
  }
  return (await failedHook(record, scene)) ?? (await unservedService(record, scene))
}

/** How a deploy goes on from a release that was left half done, or failed: by the code of how helm left it. */
const GOES_ON: ReadonlyMap<string, string> = new Map([
  ['ReleaseUninstalling', 'a deploy finishes the removal and installs it again; volumes and CRDs are kept'],
  [
    'ReleasePending',
    'unless a helm is at work on it right now, a deploy marks the revision as failed and upgrades; the history is kept',
  ],
  ['ReleaseFailed', 'a deploy upgrades from the last revision that worked; the history is kept'],
])

/** What helm says of a release is how it ended, not why. */
export const isHowLeft = ({ code }: Cause): boolean => GOES_ON.has(code)

/** What made the operation fail; without it, how a deploy goes on from where the release was left. */
export async function whyLeft(step: LlmgwStep<unknown>, cause: Cause, scene: Scene): Promise<Cause> {
  // Objects of a release that is being removed are gone because of that.
  const trouble = cause.code === 'ReleaseUninstalling' ? undefined : await releaseTrouble(step, scene)
  if (trouble !== undefined) return trouble
  const goesOn = GOES_ON.get(cause.code)
  return {
    ...cause,
    evidence: [...(cause.evidence ?? []), ...(goesOn ? [goesOn] : [])],
    hint: `llmgw deploy ${step.component}`,
  }
}

const JOB = { apiVersion: 'batch/v1', kind: 'Job' }

/** Jobs that Helm runs around an operation are no objects of the release. */
async function failedHook(
  { name, namespace, status }: ReleaseRecord,
  { kube, readiness, signal }: Scene,
): Promise<Cause | undefined> {
  if (status === 'deployed') return undefined
  const hooks = (await kube.list({ ...JOB, namespace }, signal)).filter((job) => isHookOf(job, name))
  const health = await readiness.look(
    hooks.map(({ metadata }) => ({ ...JOB, namespace, name: metadata.name })),
    signal,
  )
  return health.flatMap((one) => (one.health === 'failed' ? [one.cause] : []))[0]
}

function waiting(ref: ObjectRef, waitingFor: string): Cause {
  return {
    code: 'NotReady',
    message: `${nameOf(ref)} is still rolling out: ${waitingFor}`,
    hint: `kubectl describe ${ref.kind.toLowerCase()} ${ref.name}${ref.namespace === undefined ? '' : ` -n ${ref.namespace}`}`,
    about: aboutOf(ref),
  }
}

/** All pods are ready, and a Service still leads to none of them: its selector fits nobody. */
async function unservedService(record: ReleaseRecord, { kube, signal }: Scene): Promise<Cause | undefined> {
  const services = record.manifest.filter(({ kind }) => kind === 'Service')
  if (services.length === 0) return undefined
  const { namespace } = record
  const slices = await kube.list(slicesOf(namespace), signal)
  for (const service of services) {
    const ref = { apiVersion: 'v1', kind: 'Service', name: service.metadata.name, namespace }
    const live = await kube.find(ref, signal)
    const selector = (live?.spec as { selector?: Readonly<Record<string, string>> } | undefined)?.selector
    if (live === undefined || selector === undefined) continue
    if (endpointsOf(ref.name, slices).some(isReady)) continue
    return {
      code: 'NoEndpoints',
      message: `${nameOf(ref)} leads to no pod: none that is ready has its labels ${labelWords(selector)}`,
      hint: `kubectl get endpointslices -n ${namespace} -l ${slicesOf(namespace, ref.name).labelSelector}`,
      about: aboutOf(ref),
    }
  }
  return undefined
}

const labelWords = (selector: Readonly<Record<string, string>>): string =>
  Object.entries(selector)
    .map(([label, value]) => `${label}=${value}`)
    .join(',')
