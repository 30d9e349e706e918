import type { PolicyTable } from '../cases.ts'
import { container, deployment, workload } from './objects.ts'

const NAME = 'app.kubernetes.io/name'
const PART = 'app.kubernetes.io/part-of'
const spec = { containers: [container()] }

export const labelCases: readonly PolicyTable[] = [
  {
    policy: 'required-labels',
    title: 'labels',
    parameters: { labels: [NAME, PART], exemptions: [{ namespaces: ['monitoring'], names: ['prometheus-*'] }] },
    cases: [
      { name: 'all there', object: deployment(spec), violations: [] },
      {
        name: 'one is not there',
        object: deployment(spec, { labels: { [NAME]: 'app' } }),
        violations: [/^no labels: app\.kubernetes\.io\/part-of$/],
      },
      {
        name: 'an empty value is none',
        object: deployment(spec, { labels: { [NAME]: '', [PART]: 'x' } }),
        violations: [/^no labels: app\.kubernetes\.io\/name$/],
      },
      {
        name: 'no labels at all',
        object: {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          metadata: { name: 'app', namespace: 'litellm' },
          spec: {},
        },
        violations: [/name, app\.kubernetes\.io\/part-of$/],
      },
      {
        name: 'an exempted name',
        object: workload('StatefulSet', {}, { namespace: 'monitoring', name: 'prometheus-kube', labels: {} }),
        violations: [],
      },
      {
        name: 'that name elsewhere',
        object: workload('StatefulSet', {}, { namespace: 'litellm', name: 'prometheus-kube', labels: {} }),
        violations: [/^no labels/],
      },
      {
        name: 'an update that leaves the labels as they are',
        object: deployment({ containers: [container({ image: 'ghcr.io/berriai/litellm:v2' })] }, { labels: {} }),
        former: deployment(spec, { labels: {} }),
        violations: [],
      },
      {
        name: 'an update that takes one away',
        object: deployment(spec, { labels: { [NAME]: 'app' } }),
        former: deployment(spec, { labels: { [NAME]: 'app', [PART]: 'x' } }),
        violations: [/^no labels/],
      },
    ],
  },
]
