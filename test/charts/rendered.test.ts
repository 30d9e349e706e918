import { describe, expect, it } from 'vitest'
import { imageFaults } from '../../scripts/charts/rendered/images.ts'
import { referenceFaults } from '../../scripts/charts/rendered/references.ts'
import { serviceFaults } from '../../scripts/charts/rendered/services.ts'
import type { Whole } from '../../scripts/charts/rendered/whole.ts'
import type { KubeObject } from '../../src/ports/index.ts'

const IMAGE = 'quay.io/example/app:v1.2.3'

interface Parts {
  readonly container?: object
  readonly pod?: object
  readonly objects?: readonly object[]
  readonly service?: object
}

/** A Deployment behind a Service, its account and its configuration, all of it in order but for `parts`. */
function whole({ container = {}, pod = {}, service = {}, objects = [] }: Parts = {}): Whole {
  const at = (name: string) => ({ name, namespace: 'app' })
  const labels = { app: 'web' }
  const all = [
    {
      kind: 'Deployment',
      metadata: at('web'),
      spec: {
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: 'web',
            containers: [{ name: 'web', image: IMAGE, ports: [{ name: 'http', containerPort: 80 }], ...container }],
            ...pod,
          },
        },
      },
    },
    { kind: 'ServiceAccount', metadata: at('web') },
    { kind: 'ConfigMap', metadata: at('settings'), data: { level: 'info' } },
    {
      kind: 'Service',
      metadata: { ...at('web'), labels },
      spec: { selector: labels, ports: [{ name: 'http', port: 8080, targetPort: 'http' }], ...service },
    },
    ...objects,
  ]
  return {
    objects: all as unknown as readonly KubeObject[],
    synced: [{ namespace: 'app', name: 'credentials', keys: ['password'] }],
    madeLater: new Set(['Secret app/certificate']),
  }
}

const env = (valueFrom: object) => ({ env: [{ name: 'X', valueFrom }] })
const monitor = (selector: object, port: string, labels = {}) => ({
  kind: 'ServiceMonitor',
  metadata: { name: 'web', namespace: 'app', labels },
  spec: { selector, endpoints: [{ port }] },
})
const PROMETHEUS = {
  kind: 'Prometheus',
  metadata: { name: 'p', namespace: 'app' },
  spec: { serviceMonitorSelector: { matchLabels: { release: 'p' } }, image: IMAGE },
}

describe('images', () => {
  it('are whole references with a tag that stays', () => {
    expect(imageFaults(whole())).toEqual([])
    expect(imageFaults(whole({ container: { args: [`--reloader=${IMAGE}`] } }))).toEqual([])
  })

  it.each([
    ['redis:7', 'no whole reference'],
    ['docker.io/redis', 'no whole reference'],
    ['ghcr.io/example/app:', 'no whole reference'],
    ['ghcr.io/example/app:latest', 'is moved'],
    ['ghcr.io/example/app:main-latest', 'is moved'],
  ])('%s', (image, why) => {
    expect(imageFaults(whole({ container: { image } }))).toEqual([expect.stringContaining(why)])
    expect(imageFaults(whole({ pod: { initContainers: [{ name: 'first', image }] } }))).toHaveLength(1)
  })

  it('of one repository have one version (defect 64)', () => {
    const second = { name: 'second', image: IMAGE.replace('1.2.3', '2.0.0') }
    const fault = 'quay.io/example/app is there in 2 versions: v1.2.3, v2.0.0'
    expect(imageFaults(whole({ pod: { initContainers: [second] } }))).toEqual([fault])
    const elsewhere = { name: 'second', image: 'quay.io/example/other:v2.0.0' }
    expect(imageFaults(whole({ pod: { initContainers: [elsewhere] } }))).toEqual([])
  })

  it('that a controller is told to use count too', () => {
    const told = whole({ container: { args: ['--reloader=quay.io/example/reloader:latest'] } })
    expect(imageFaults(told)).toEqual([expect.stringContaining('quay.io/example/reloader:latest is moved')])
  })
})

describe('references', () => {
  it.each<[string, Parts]>([
    ['a synced key', { container: env({ secretKeyRef: { name: 'credentials', key: 'password' } }) }],
    ['a key of a ConfigMap', { container: env({ configMapKeyRef: { name: 'settings', key: 'level' } }) }],
    ['what may be absent', { container: env({ secretKeyRef: { name: 'none', key: 'x', optional: true } }) }],
    ['what is made later', { pod: { volumes: [{ name: 'v', secret: { secretName: 'certificate' } }] } }],
  ])('%s is there', (_name, parts) => {
    expect(referenceFaults(whole(parts))).toEqual([])
  })

  it.each<[string, Parts]>([
    ['Secret app/none is not there', { container: env({ secretKeyRef: { name: 'none', key: 'x' } }) }],
    [
      'Secret app/credentials has no key user',
      { container: env({ secretKeyRef: { name: 'credentials', key: 'user' } }) },
    ],
    ['ConfigMap app/none is not there', { container: { envFrom: [{ configMapRef: { name: 'none' } }] } }],
    [
      'ConfigMap app/settings has no key x',
      { pod: { volumes: [{ name: 'v', configMap: { name: 'settings', items: [{ key: 'x' }] } }] } },
    ],
    [
      'Secret app/none is not there',
      { pod: { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'none' } }] } }] } },
    ],
    ['ServiceAccount app/other is not there', { pod: { serviceAccountName: 'other' } }],
    [
      'ServiceAccount app/other is not there',
      {
        objects: [
          {
            kind: 'RoleBinding',
            metadata: { name: 'b', namespace: 'app' },
            subjects: [{ kind: 'ServiceAccount', name: 'other' }],
          },
        ],
      },
    ],
    [
      'selects no Pod',
      {
        objects: [
          {
            kind: 'PodDisruptionBudget',
            metadata: { name: 'b', namespace: 'app' },
            spec: { selector: { matchLabels: { app: 'x' } } },
          },
        ],
      },
    ],
    [
      'Deployment app/x is not there',
      {
        objects: [
          {
            kind: 'HorizontalPodAutoscaler',
            metadata: { name: 'h', namespace: 'app' },
            spec: { scaleTargetRef: { kind: 'Deployment', name: 'x' } },
          },
        ],
      },
    ],
    [
      'Service app/x is not there',
      {
        objects: [
          {
            kind: 'ValidatingWebhookConfiguration',
            metadata: { name: 'w' },
            webhooks: [{ clientConfig: { service: { name: 'x', namespace: 'app' } } }],
          },
        ],
      },
    ],
  ])('%s', (fault, parts) => {
    expect(referenceFaults(whole(parts))).toEqual([expect.stringContaining(fault)])
  })
})

const ALERTMANAGER = { kind: 'Alertmanager', metadata: { name: 'main', namespace: 'app' } }

describe('services', () => {
  it.each<[string, Parts]>([
    ['an address', { container: { args: ['http://web.app.svc:8080/x', 'web.app.svc.cluster.local'] } }],
    ['an address elsewhere', { container: { args: ['http://api.example.svc:1'] } }],
    [
      'a Service of Pods that an operator makes',
      { objects: [ALERTMANAGER], service: { selector: { app: 'alertmanager', alertmanager: 'main' } } },
    ],
    ['a monitor', { objects: [PROMETHEUS, monitor({ matchLabels: { app: 'web' } }, 'http', { release: 'p' })] }],
  ])('%s leads somewhere', (_name, parts) => {
    expect(serviceFaults(whole(parts))).toEqual([])
  })

  it.each<[string, Parts]>([
    ['Service app/web selects no Pod', { service: { selector: { app: 'x' } } }],
    ['Service app/web selects no Pod', { objects: [ALERTMANAGER], service: { selector: { alertmanager: 'other' } } }],
    ['have no port named metrics', { service: { ports: [{ port: 1, targetPort: 'metrics' }] } }],
    ['Service app/webb is not there', { container: { args: ['http://webb.app.svc:8080'] } }],
    ['Service app/web has ports 8080', { container: { args: ['web.app.svc:80'] } }],
    [
      'Service app/gone is not there',
      { objects: [{ kind: 'ConfigMap', metadata: { name: 'c', namespace: 'app' }, data: { a: 'url: gone.app.svc' } }] },
    ],
    ['selects no Service', { objects: [monitor({ matchLabels: { app: 'x' } }, 'http')] }],
    ['have no port named metrics', { objects: [monitor({ matchLabels: { app: 'web' } }, 'metrics')] }],
    ['no Prometheus selects it', { objects: [PROMETHEUS, monitor({ matchLabels: { app: 'web' } }, 'http')] }],
  ])('%s', (fault, parts) => {
    expect(serviceFaults(whole(parts))).toEqual([expect.stringContaining(fault)])
  })
})
