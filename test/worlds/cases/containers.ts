import { Kubelet, type Part, type Play, type Pod } from '../kubelet.ts'
import type { Stage, World } from '../world.ts'

/**
 * What a kubelet says of containers that do not run. Sources: k8s.io/kubernetes v1.35, pkg/kubelet/images/image_manager.go
 * (ErrImagePull, ImagePullBackOff and their events), pkg/kubelet/kuberuntime/kuberuntime_manager.go (doBackOff),
 * pkg/kubelet/kuberuntime/kuberuntime_container.go (CreateContainerConfigError), pkg/kubelet/kubelet_pods.go
 * (makeEnvironmentVariables), pkg/kubelet/volumemanager (FailedMount); containerd core/remotes/docker/{resolver,errcode}.go.
 */
const imageOf = (pod: Pod): string => pod.spec.containers[0]?.image ?? ''
const containerOf = (pod: Pod): string => pod.spec.containers[0]?.name ?? ''

function pull(said: (image: string) => string): Part {
  return (pod) => {
    const image = imageOf(pod)
    const words = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${said(image)}`
    const waiting = (reason: string, message: string) => ({
      phase: 'Pending' as const,
      container: { ready: false, restartCount: 0, state: { waiting: { reason, message } } },
    })
    return [
      {
        ...waiting('ErrImagePull', words),
        events: [
          { type: 'Normal', reason: 'Pulling', message: `Pulling image "${image}"` },
          { reason: 'Failed', message: `Failed to pull image "${image}": ${words}` },
          { reason: 'Failed', message: 'Error: ErrImagePull' },
        ],
        afterMs: 300,
      },
      {
        ...waiting('ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${words}`),
        events: [{ type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${image}"` }],
      },
    ]
  }
}

const ended = (now: () => string, reason: string, exitCode: number) => ({
  terminated: { reason, exitCode, startedAt: now(), finishedAt: now() },
})

function crash(reason: string, exitCode: number): Part {
  return (pod, now) => {
    const { name, namespace, uid } = pod.metadata
    const container = containerOf(pod)
    const message = `back-off 10s restarting failed container=${container} pod=${name}_${namespace}(${uid})`
    const last = ended(now, reason, exitCode)
    return [
      { phase: 'Running', container: { ready: false, restartCount: 0, state: last }, afterMs: 500 },
      {
        phase: 'Running',
        container: {
          ready: false,
          restartCount: 1,
          state: { waiting: { reason: 'CrashLoopBackOff', message } },
          lastState: last,
        },
        events: [
          {
            reason: 'BackOff',
            message: `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`,
          },
        ],
      },
    ]
  }
}

const cannotStart = (reason: string, message: string): Part => {
  return () => [
    {
      phase: 'Pending',
      container: { ready: false, restartCount: 0, state: { waiting: { reason, message } } },
      events: [{ reason: 'Failed', message: `Error: ${message}` }],
    },
  ]
}

const cannotMount = (volume: string, why: string): Part => {
  return () => [
    {
      phase: 'Pending',
      container: { ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } },
      events: [{ reason: 'FailedMount', message: `MountVolume.SetUp failed for volume "${volume}" : ${why}` }],
    },
  ]
}

const failsAsJob: Part = (_pod, now) => [
  { phase: 'Failed', container: { ready: false, restartCount: 0, state: ended(now, 'Error', 1) } },
]

/** The kubelet of the world that is on: one at a time. */
const kubelets = new WeakMap<object, Kubelet>()

function played(play: Play): Pick<World, 'make' | 'undo' | 'seen'> {
  return {
    async make(stage) {
      const kubelet = new Kubelet(stage, play)
      kubelets.set(stage.connection, kubelet)
      await kubelet.begin('us-east-1a')
    },
    undo: async (stage: Stage) => await kubelets.get(stage.connection)?.end(),
    seen: async (stage: Stage) => kubelets.get(stage.connection)?.firstReportAt !== undefined,
  }
}

const proxy = (gateway: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) => ({
  components: { litellm: { values: { gateway, ...more } } },
})

const LITELLM = {
  command: 'deploy litellm',
  touches: /litellm\/(litellm|sh\.helm\.release\.v1\.litellm)/,
  exit: 1,
}

/** Containers that do not start, or do not go on. */
export const containerWorlds: readonly World[] = [
  {
    ...LITELLM,
    // Helm runs the migrations first, from the same image.
    ...played({ job: pull((image) => `${image}: not found`), pod: pull((image) => `${image}: not found`) }),
    name: 'an image does not exist',
    settings: proxy({}, { image: { tag: 'v0.0.0-never-built' } }),
    code: 'ImagePullBackOff',
    root: /container prisma-migrations of Pod litellm\/litellm-migrations-\S+ cannot pull image ghcr\.io\/berriai\/litellm:v0\.0\.0-never-built: .*not found/,
  },
  {
    ...LITELLM,
    ...played({
      pod: pull(
        () =>
          'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      ),
    }),
    name: 'the registry does not let the image be pulled',
    settings: proxy({ podAnnotations: { rollout: 'denied' } }),
    code: 'ImagePullBackOff',
    root: /container proxy of Pod litellm\/litellm-\S+ cannot pull image .*pull access denied/,
  },
  {
    ...LITELLM,
    ...played({ pod: crash('Error', 1) }),
    name: 'a container crashes again and again',
    settings: proxy({ podAnnotations: { rollout: 'crash' } }),
    code: 'CrashLoopBackOff',
    root: /container proxy of Pod litellm\/litellm-\S+ keeps crashing \(1 restart, last exit code 1\)/,
  },
  {
    ...LITELLM,
    ...played({ pod: crash('OOMKilled', 137) }),
    name: 'a container is killed for its memory',
    settings: proxy({ podAnnotations: { rollout: 'oom' } }),
    code: 'OOMKilled',
    root: /container proxy of Pod litellm\/litellm-\S+ was killed for using more memory than its limit/,
  },
  {
    ...LITELLM,
    ...played({
      pod: cannotStart('CreateContainerConfigError', "couldn't find key spelt-wrong in Secret litellm/litellm-secrets"),
    }),
    name: 'a Secret lacks a key that a pod reads',
    settings: proxy({
      extraEnv: [{ name: 'X_KEY', valueFrom: { secretKeyRef: { name: 'litellm-secrets', key: 'spelt-wrong' } } }],
    }),
    code: 'SourceMissing',
    root: /Secret litellm\/litellm-secrets has no key "spelt-wrong" \(it has [^)]*master-key/,
  },
  {
    ...LITELLM,
    ...played({ pod: cannotMount('rules', 'configmap "house-rules" not found') }),
    name: 'a ConfigMap that a pod mounts is not there',
    settings: proxy({
      volumes: [
        { name: 'tmp', emptyDir: {} },
        { name: 'cache', emptyDir: {} },
        { name: 'rules', configMap: { name: 'house-rules' } },
      ],
    }),
    early: /waits for a volume: MountVolume\.SetUp failed for volume "rules"/,
    code: 'SourceMissing',
    root: /ConfigMap litellm\/house-rules is not there, and Pod litellm\/litellm-\S+ cannot start without/,
  },
  {
    ...LITELLM,
    ...played({ job: failsAsJob }),
    name: 'the migrations of the database fail',
    settings: proxy({ podAnnotations: { rollout: 'migrations' } }, { migrationJob: { backoffLimit: 0 } }),
    code: 'JobFailed',
    root: /Job litellm\/litellm-migrations failed: BackoffLimitExceeded/,
  },
]
