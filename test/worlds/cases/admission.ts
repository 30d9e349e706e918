import { createServer, type Server } from 'node:net'
import type { KubeObject, ObjectRef } from '../../../src/ports/index.ts'
import { objectOf, refused, seen } from '../acts.ts'
import type { Stage, World } from '../world.ts'

const QUOTA = { apiVersion: 'v1', kind: 'ResourceQuota', namespace: 'litellm', name: 'small' }
const LIMITS = { apiVersion: 'v1', kind: 'LimitRange', namespace: 'litellm', name: 'house-limits' }
const HOOK = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  name: 'left-over',
}
const SLICE = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', namespace: 'default', name: 'gate-1' }
const SERVICE: ObjectRef = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'gate' }

/** A webhook of somebody else's that is asked about every pod of ours. */
const hook = (service: string, timeoutSeconds = 10): KubeObject =>
  objectOf(HOOK, {
    webhooks: [
      {
        name: 'pods.left-over.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        timeoutSeconds,
        clientConfig: { service: { name: service, namespace: 'default' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'litellm' } },
      },
    ],
  })

async function serviceWithoutPods({ at }: Stage): Promise<string> {
  const made = await at.kube.apply(objectOf(SERVICE, { spec: { ports: [{ port: 443 }] } }))
  return String((made.spec as { clusterIP: string }).clusterIP)
}

async function withoutService({ at }: Stage): Promise<void> {
  await at.kube.remove(HOOK)
  await at.kube.remove(SERVICE)
  await at.kube.remove(SLICE)
}

/** Takes connections and never says a word. */
async function silentServer(address: string): Promise<Server> {
  const server = createServer(() => undefined)
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(443, address, resolve)
  })
  return server
}

const servers = new WeakMap<object, Server>()
const specs = new WeakMap<object, Readonly<Record<string, unknown>>>()

const CONSTRAINT: ObjectRef = {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'LlmgwAllowedRegistries',
  name: 'llmgw-allowed-registries',
}

const takenUp = (stage: Stage, ref: ObjectRef) =>
  seen(`${ref.kind} taken up`, async () => {
    const found = await stage.at.kube.find(ref)
    const { byPod = [] } = (found?.status ?? {}) as { byPod?: { observedGeneration?: number }[] }
    return byPod.length > 0 && byPod.every((pod) => pod.observedGeneration === found?.metadata.generation)
  })

const SERVED_BY = 'admission webhook "pods\\.left-over\\.example\\.com" .*'

/** Pods that may not be made. */
export const admissionWorlds: readonly World[] = [
  {
    name: 'a quota is exhausted',
    make: async (stage) => {
      await stage.at.kube.apply(objectOf(QUOTA, { spec: { hard: { pods: '0' } } }))
      await seen('the quota in force', async () => (await stage.at.kube.find(QUOTA))?.status !== undefined)
      await refused(stage)
    },
    undo: ({ at }) => at.kube.remove(QUOTA),
    exit: 1,
    code: 'QuotaExceeded',
    root: /quota small of namespace litellm is exhausted: requested: pods=1/,
  },
  {
    name: 'a LimitRange allows less than a container asks for',
    make: async (stage) => {
      await stage.at.kube.apply(objectOf(LIMITS, { spec: { limits: [{ type: 'Container', max: { memory: '1Mi' } }] } }))
      await refused(stage)
    },
    undo: ({ at }) => at.kube.remove(LIMITS),
    exit: 1,
    code: 'LimitRangeExceeded',
    root: /a LimitRange of namespace litellm does not allow it: maximum memory usage per Container is 1Mi, but limit is \S+/,
    hint: /kubectl describe limitrange -n litellm/,
  },
  {
    name: 'PodSecurity refuses what a pod asks for',
    make: async () => undefined,
    command: 'deploy litellm',
    touches: /litellm\/(litellm|sh\.helm\.release\.v1\.litellm)/,
    settings: {
      components: {
        litellm: { values: { gateway: { securityContext: { privileged: true, allowPrivilegeEscalation: true } } } },
      },
    },
    seen: async ({ at }) => {
      const sets = await at.kube.list({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: 'litellm' })
      return sets.some(({ status }) =>
        ((status as { conditions?: { type: string; message?: string }[] })?.conditions ?? []).some(
          ({ type, message }) => type === 'ReplicaFailure' && message?.includes('PodSecurity'),
        ),
      )
    },
    exit: 1,
    code: 'PodSecurityDenied',
    root: /namespace litellm allows only pods of PodSecurity baseline:latest: privileged/,
  },
  {
    name: 'a policy of Gatekeeper was made stricter than the platform is',
    make: async (stage) => {
      const found = await stage.at.kube.find(CONSTRAINT)
      specs.set(stage.connection, found?.spec as Readonly<Record<string, unknown>>)
      const spec = { enforcementAction: 'deny', parameters: { registries: ['registry.example.com'] } }
      await stage.at.kube.patch(CONSTRAINT, { spec })
      await takenUp(stage, CONSTRAINT)
      await refused(stage, 'haproxy')
    },
    undo: async (stage) => {
      await stage.at.kube.patch(CONSTRAINT, { spec: specs.get(stage.connection) })
      await takenUp(stage, CONSTRAINT)
    },
    exit: 1,
    code: 'AdmissionDenied',
    root: /admission webhook "validation\.gatekeeper\.sh" refuses it: \[llmgw-allowed-registries\] /,
  },
  {
    name: 'the Service of an admission webhook is gone',
    make: async (stage) => {
      await stage.at.kube.apply(hook('gone'))
      await refused(stage, 'litellm')
    },
    undo: ({ at }) => at.kube.remove(HOOK),
    exit: 1,
    code: 'WebhookUnserved',
    root: new RegExp(`${SERVED_BY} Service default/gone, which should answer it, is gone`),
    hint: /kubectl delete validatingwebhookconfiguration left-over/,
  },
  {
    name: 'the Service of an admission webhook has no pods',
    make: async (stage) => {
      await serviceWithoutPods(stage)
      await stage.at.kube.apply(hook('gate'))
      await refused(stage, 'haproxy')
    },
    undo: withoutService,
    exit: 1,
    code: 'WebhookUnserved',
    root: new RegExp(`${SERVED_BY} Service default/gate, which should answer it, has no pod that is ready`),
  },
  {
    name: 'an admission webhook does not answer in time',
    make: async (stage) => {
      const address = await serviceWithoutPods(stage)
      servers.set(stage.connection, await silentServer(address))
      await stage.at.kube.apply({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: SLICE.name, namespace: SLICE.namespace, labels: { 'kubernetes.io/service-name': 'gate' } },
        addressType: 'IPv4',
        ports: [{ port: 443, protocol: 'TCP' }],
        endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready: true } }],
      })
      await stage.at.kube.apply(hook('gate', 1))
      await refused(stage, 'litellm')
    },
    undo: async (stage) => {
      await withoutService(stage)
      servers.get(stage.connection)?.close()
    },
    exit: 1,
    code: 'WebhookUnserved',
    root: new RegExp(`${SERVED_BY} Service default/gate, which should answer it, does not answer within 1 s`),
  },
]
