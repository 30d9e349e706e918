import type { PolicyTable } from '../cases.ts'
import { container, good, inEveryKind, pod, without } from './objects.ts'

const context = (over: Readonly<Record<string, unknown>>) => ({
  ...(good.securityContext as Readonly<Record<string, unknown>>),
  ...over,
})
const one = (over: Readonly<Record<string, unknown>>, podLevel: Readonly<Record<string, unknown>> = {}) =>
  pod({ ...podLevel, containers: [container({ securityContext: context(over) })] })
const lacking = (...fields: readonly string[]) => container({ securityContext: without(context({}), ...fields) })

const NODE_EXPORTER = 'quay.io/prometheus/node-exporter:v1.9.0'
const onHost = { hostNetwork: true, hostPID: true, volumes: [{ name: 'root', hostPath: { path: '/' } }] }

export const securityCases: readonly PolicyTable[] = [
  {
    policy: 'security-context',
    title: 'containers',
    parameters: { allowedCapabilities: ['NET_BIND_SERVICE'], exemptions: [] },
    cases: [
      { name: 'nothing allowed', object: one({}), violations: [] },
      { name: 'privileged', object: one({ privileged: true }), violations: [/^privileged: app$/] },
      {
        name: 'escalation',
        object: one({ allowPrivilegeEscalation: true }),
        violations: [/^allowPrivilegeEscalation is not false: app$/],
      },
      {
        name: 'escalation that is not forbidden is allowed (defect 80)',
        object: pod({ containers: [lacking('allowPrivilegeEscalation')] }),
        violations: [/^allowPrivilegeEscalation is not false: app$/],
      },
      {
        name: 'a user by name of the image may be root',
        object: pod({ containers: [lacking('runAsNonRoot')] }),
        violations: [/^may run as root: app$/],
      },
      {
        name: 'the pod says it for its containers',
        object: pod({ securityContext: { runAsNonRoot: true }, containers: [lacking('runAsNonRoot')] }),
        violations: [],
      },
      {
        name: 'the container has the last word',
        object: one({ runAsNonRoot: false }, { securityContext: { runAsNonRoot: true } }),
        violations: [/^may run as root: app$/],
      },
      { name: 'user 0', object: one({ runAsUser: 0 }), violations: [/^may run as root: app$/] },
      {
        name: 'user 0 of the pod',
        object: one({}, { securityContext: { runAsUser: 0 } }),
        violations: [/^may run as root: app$/],
      },
      {
        name: 'another user than the pod',
        object: one({ runAsUser: 1000 }, { securityContext: { runAsUser: 0 } }),
        violations: [],
      },
      {
        name: 'capabilities kept',
        object: one({ capabilities: {} }),
        violations: [/^capabilities \(drop ALL, add only NET_BIND_SERVICE\): app$/],
      },
      { name: 'some dropped', object: one({ capabilities: { drop: ['NET_RAW'] } }), violations: [/^capabilities/] },
      {
        name: 'an allowed one added',
        object: one({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }),
        violations: [],
      },
      {
        name: 'another one added',
        object: one({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }),
        violations: [/^capabilities/],
      },
      {
        name: 'no security context at all: everything is told at once',
        object: pod({ containers: [without(good, 'securityContext')] }),
        violations: [/^allowPrivilegeEscalation/, /^may run as root/, /^capabilities/],
      },
      {
        name: 'init and ephemeral containers (defect 80)',
        object: pod({
          containers: [container()],
          initContainers: [container({ name: 'init', securityContext: context({ privileged: true }) })],
          ephemeralContainers: [container({ name: 'debug', securityContext: context({ privileged: true }) })],
        }),
        violations: [/^privileged: init, debug$/],
      },
      ...inEveryKind({
        restartPolicy: 'Never',
        containers: [container({ securityContext: context({ privileged: true }) })],
      }).map((object) => ({
        name: `the pod of a ${object.kind} (defect 77)`,
        object,
        violations: [/^privileged: app$/],
      })),
    ],
  },
  {
    policy: 'security-context',
    title: 'the host',
    parameters: {
      allowedCapabilities: [],
      exemptions: [{ namespaces: ['monitoring'], images: ['**/prometheus/node-exporter:*'] }],
    },
    cases: [
      {
        name: 'its network, processes and files (defect 80)',
        object: pod({ ...onHost, hostIPC: true, containers: [container()] }),
        violations: [/^the pod uses of its host: hostNetwork, hostPID, hostIPC, hostPath volumes$/],
      },
      {
        name: 'the node exporter where it belongs',
        object: pod(
          { ...onHost, containers: [container({ image: NODE_EXPORTER, securityContext: {} })] },
          { namespace: 'monitoring' },
        ),
        violations: [],
      },
      {
        name: 'a neighbour in its pod is not exempted, and so the pod is not',
        object: pod(
          { ...onHost, containers: [container({ image: NODE_EXPORTER }), container({ name: 'other' })] },
          { namespace: 'monitoring' },
        ),
        violations: [/^the pod uses of its host: hostNetwork, hostPID, hostPath volumes$/],
      },
      {
        name: 'the node exporter elsewhere',
        object: pod({ ...onHost, containers: [container({ image: NODE_EXPORTER })] }),
        violations: [/^the pod uses of its host/],
      },
      {
        name: 'no capability may be added',
        object: one({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }),
        violations: [/add only none\): app$/],
      },
      {
        name: 'a debug container in a pod that was on the host before',
        object: pod({ ...onHost, containers: [container()], ephemeralContainers: [container({ name: 'debug' })] }),
        former: pod({ ...onHost, containers: [container()] }),
        violations: [],
      },
    ],
  },
  {
    policy: 'read-only-root-filesystem',
    title: 'containers',
    parameters: { exemptions: [{ containers: ['writes-*'] }] },
    cases: [
      { name: 'read-only', object: one({}), violations: [] },
      {
        name: 'writable',
        object: one({ readOnlyRootFilesystem: false }),
        violations: [/^root file system is writable: app$/],
      },
      {
        name: 'not said',
        object: pod({ containers: [lacking('readOnlyRootFilesystem')] }),
        violations: [/^root file system is writable: app$/],
      },
      {
        name: 'init containers',
        object: pod({ containers: [container()], initContainers: [container({ name: 'init', securityContext: {} })] }),
        violations: [/^root file system is writable: init$/],
      },
      {
        name: 'one that is exempted',
        object: pod({ containers: [container({ name: 'writes-a-lot', securityContext: {} })] }),
        violations: [],
      },
    ],
  },
]
