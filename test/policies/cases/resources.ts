import type { PolicyTable } from '../cases.ts'
import { container, good, inEveryKind, pod, without } from './objects.ts'

const bare = (...fields: readonly string[]) => without(good, ...fields)
const forever = { restartPolicy: 'Always' }

export const resourceCases: readonly PolicyTable[] = [
  {
    policy: 'container-resources',
    title: 'requests and limits',
    parameters: {
      requests: ['cpu', 'memory'],
      limits: ['memory'],
      exemptions: [{ images: ['ghcr.io/berriai/litellm:v1.2.3'], containers: ['left-out'] }],
    },
    cases: [
      { name: 'requests and a limit', object: pod({ containers: [container()] }), violations: [] },
      {
        name: 'nothing said',
        object: pod({ containers: [bare('resources')] }),
        violations: [/^no resources: app lacks requests\.cpu requests\.memory limits\.memory$/],
      },
      {
        name: 'a limit alone is no request in the object, before the API server fills it in',
        object: pod({ containers: [container({ resources: { limits: { cpu: '1', memory: '1Gi' } } })] }),
        violations: [/^no resources: app lacks requests\.cpu requests\.memory$/],
      },
      {
        name: 'init containers are looked at, each by itself',
        object: pod({ containers: [container()], initContainers: [{ ...bare('resources'), name: 'init' }] }),
        violations: [/^no resources: init lacks/],
      },
      {
        name: 'ephemeral containers cannot have any',
        object: pod({ containers: [container()], ephemeralContainers: [{ ...bare('resources'), name: 'debug' }] }),
        violations: [],
      },
      {
        name: 'a container that is exempted',
        object: pod({ containers: [{ ...bare('resources'), name: 'left-out' }] }),
        violations: [],
      },
      ...inEveryKind({ restartPolicy: 'Never', containers: [bare('resources')] }).map((object) => ({
        name: `the pod of a ${object.kind} (defect 77)`,
        object,
        violations: [/^no resources: app/],
      })),
    ],
  },
  {
    policy: 'probes',
    title: 'what keeps running',
    parameters: {
      probes: ['livenessProbe', 'readinessProbe'],
      exemptions: [{ namespaces: ['monitoring'], containers: ['grafana-sc-*'] }],
    },
    cases: [
      { name: 'both', object: pod({ ...forever, containers: [container()] }), violations: [] },
      {
        name: 'none',
        object: pod({ ...forever, containers: [bare('livenessProbe', 'readinessProbe')] }),
        violations: [/^no probes: app lacks livenessProbe readinessProbe$/],
      },
      {
        name: 'the policy of restarts that nobody wrote is Always',
        object: pod({ containers: [bare('livenessProbe')] }),
        violations: [/^no probes: app lacks livenessProbe$/],
      },
      {
        name: 'a pod of a Job runs to its end (bug 7 of the old policies)',
        object: pod({ restartPolicy: 'Never', containers: [bare('livenessProbe', 'readinessProbe')] }),
        violations: [],
      },
      {
        name: 'an init container runs to its end',
        object: pod({
          ...forever,
          containers: [container()],
          initContainers: [{ ...bare('livenessProbe', 'readinessProbe'), name: 'init' }],
        }),
        violations: [],
      },
      {
        name: 'a sidecar does not',
        object: pod({
          ...forever,
          containers: [container()],
          initContainers: [{ ...bare('readinessProbe'), name: 'side', restartPolicy: 'Always' }],
        }),
        violations: [/^no probes: side lacks readinessProbe$/],
      },
      {
        name: 'the sidecars of Grafana are exempted where they are',
        object: pod(
          { ...forever, containers: [container(), { ...bare('readinessProbe'), name: 'grafana-sc-dashboard' }] },
          { namespace: 'monitoring' },
        ),
        violations: [],
      },
      {
        name: 'and nowhere else',
        object: pod({
          ...forever,
          containers: [container(), { ...bare('readinessProbe'), name: 'grafana-sc-dashboard' }],
        }),
        violations: [/grafana-sc-dashboard/],
      },
    ],
  },
]
