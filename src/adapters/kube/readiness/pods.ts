import { eventsIn, saidAbout, sentence } from '../../../ports/events.ts'
import type { KubeObject, ListQuery } from '../../../ports/kube.ts'
import { mountTrouble, readMounting } from './mounting.ts'
import { aboutOf, failed, type LogSource, pathOf, type Scene, statusOf, type Verdict } from './reader.ts'
import { readScheduling, schedulingTrouble } from './scheduling.ts'

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly message?: string }
}

interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly image?: string
  readonly restartCount: number
  readonly state?: ContainerState
  readonly lastState?: ContainerState
}

/** Reasons for which a container waits and that time does not mend. Source: k8s.io/kubernetes/pkg/kubelet/{container,images}. */
const STUCK = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
])

/** A first failed pull may be the registry's bad moment, unless it says that the image or the right to it is missing. */
const HOPELESS_PULL = /not found|unauthorized|denied|forbidden|manifest unknown/i

export function podsIn(namespace: string | undefined): ListQuery {
  return { apiVersion: 'v1', kind: 'Pod', namespace }
}

/** The first of these pods that cannot get ready, or undefined. `retried`: somebody starts them anew, so a crash is no verdict. */
export function firstFailure(
  pods: readonly KubeObject[],
  scene: Scene,
  options: { readonly retried?: boolean } = {},
): Verdict | undefined {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue
    const verdict =
      containerFailure(pod, scene, options.retried ?? false) ?? readScheduling(pod, scene) ?? readMounting(pod, scene)
    if (verdict) return verdict
  }
  return undefined
}

/** `line`, and what keeps one of the pods while that may still pass: said at once, decided later. */
export function withTrouble(line: string, pods: readonly KubeObject[], scene: Scene): string {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue
    const mount = mountTrouble(pod, scene)
    const trouble = schedulingTrouble(pod) ?? (mount && `waits for a volume: ${mount.message}`)
    if (trouble !== undefined) return `${line}; Pod ${pod.metadata.name} ${trouble}`
  }
  return line
}

function containerFailure(pod: KubeObject, scene: Scene, retried: boolean): Verdict | undefined {
  const status = statusOf(pod) as { initContainerStatuses?: ContainerStatus[]; containerStatuses?: ContainerStatus[] }
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const code = stuckReason(container)
    if (code === undefined || (retried && isCrash(code))) continue
    return failed(
      {
        code,
        about: aboutOf(pod),
        message: `container ${container.name} of Pod ${pathOf(pod)} ${describe(code, container)}`,
        evidence: evidenceOf(pod, container, scene),
        hint: `kubectl describe pod ${pod.metadata.name} -n ${pod.metadata.namespace}`,
      },
      isCrash(code) ? logSource(pod, container) : undefined,
    )
  }
  return undefined
}

/** The newest of these pods that ended badly: which container did, how, and where its log is. */
export function lastCrash(
  pods: readonly KubeObject[],
): { readonly words: string; readonly logs: LogSource } | undefined {
  const newest = [...pods].sort((one, other) =>
    (other.metadata.creationTimestamp ?? '').localeCompare(one.metadata.creationTimestamp ?? ''),
  )
  for (const pod of newest) {
    const status = statusOf(pod) as { initContainerStatuses?: ContainerStatus[]; containerStatuses?: ContainerStatus[] }
    for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
      const { reason = '', exitCode = 0 } = container.state?.terminated ?? {}
      if (exitCode === 0) continue
      const words = `container ${container.name} of Pod ${pathOf(pod)} ended with exit code ${exitCode} (${reason})`
      return { words, logs: logSource(pod, container) }
    }
  }
  return undefined
}

const isCrash = (code: string): boolean => code === 'CrashLoopBackOff' || code === 'OOMKilled'

function stuckReason({ ready, state, lastState }: ContainerStatus): string | undefined {
  if (ready) return undefined
  if ([state, lastState].some((seen) => seen?.terminated?.reason === 'OOMKilled')) return 'OOMKilled'
  const { reason = '', message = '' } = state?.waiting ?? {}
  if (reason === 'ErrImagePull') return HOPELESS_PULL.test(message) ? reason : undefined
  return STUCK.has(reason) ? reason : undefined
}

function describe(code: string, { state, lastState, restartCount, image }: ContainerStatus): string {
  if (code === 'OOMKilled') return 'was killed for using more memory than its limit'
  if (code === 'CrashLoopBackOff') {
    const exit = lastState?.terminated?.exitCode
    return `keeps crashing (${restartCount} ${restartCount === 1 ? 'restart' : 'restarts'}${exit === undefined ? '' : `, last exit code ${exit}`})`
  }
  const why = state?.waiting?.message
  if (/Image/.test(code)) return `cannot pull image ${image ?? ''}${why === undefined ? '' : `: ${why}`}`
  return `cannot start (${code})${why === undefined ? '' : `: ${why}`}`
}

function evidenceOf(pod: KubeObject, container: ContainerStatus, scene: Scene): string[] {
  const last = container.lastState?.terminated?.message
  const warning = saidAbout(pod, scene.of(eventsIn(pod.metadata.namespace))).find((event) => event.warning)
  return [...(last === undefined ? [] : [last.trim()]), ...(warning ? [sentence(warning)] : [])]
}

function logSource(pod: KubeObject, { name, restartCount, state }: ContainerStatus): LogSource {
  const previous = restartCount > 0 && state?.terminated === undefined
  return { namespace: pod.metadata.namespace ?? 'default', name: pod.metadata.name, container: name, previous }
}
