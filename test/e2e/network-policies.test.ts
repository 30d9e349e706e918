import { beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/ports/index.ts'
import { goTool } from '../go-tool.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { connectionsOf, reach } from './world/netpol-analyzer.ts'

const sandbox = useDeployedSandbox('e2e-network', { deploy: true, platform: 'whole' })

const POLICY = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }
const BEDROCK = '52.94.133.131'
const DATABASE = '10.0.12.7'
const METADATA = ['169.254.169.254', '169.254.170.2', '169.254.170.23']

const PROMETHEUS = 'monitoring/prometheus-kube-prometheus-kube-prome-prometheus'
const ALERTMANAGER = 'monitoring/alertmanager-kube-prometheus-kube-prome-alertmanager'
const GRAFANA = 'monitoring/kube-prometheus-grafana'
const DNS = 'kube-system/coredns'

/** What Prometheus scrapes: the ports on which each serves its metrics. */
const SCRAPED: Readonly<Record<string, string>> = {
  'external-secrets/external-secrets': 'TCP 8080',
  'external-secrets/external-secrets-cert-controller': 'TCP 8080',
  'external-secrets/external-secrets-webhook': 'TCP 8080',
  'gatekeeper-system/gatekeeper-audit': 'TCP 8888',
  'gatekeeper-system/gatekeeper-controller-manager': 'TCP 8888',
  'litellm/litellm': 'TCP 4001',
  'litellm/redis-redis-ha-server': 'TCP 9121',
  'monitoring/jaeger': 'TCP 8888',
  [GRAFANA]: 'TCP 3000',
  'monitoring/kube-prometheus-kube-prome-operator': 'TCP 10250',
  'monitoring/kube-prometheus-kube-state-metrics': 'TCP 8080',
  // Its web port too: that is where alerts go.
  [ALERTMANAGER]: 'TCP 8080,9093',
}

/** Who asks the cluster's DNS. */
const ASKING = [
  ...Object.keys(SCRAPED),
  'open-webui/open-webui',
  'litellm/migrations',
  'litellm/redis-redis-ha-haproxy',
]

/** Who must be able to talk to whom, written out by hand from the charts: a test must not ask the program what is right. */
const EXPECTED: Readonly<Record<string, string>> = {
  'open-webui/open-webui -> litellm/litellm': 'TCP 4000',
  'litellm/litellm -> litellm/redis-redis-ha-haproxy': 'TCP 6379',
  'litellm/litellm -> monitoring/jaeger': 'TCP 4317-4318',
  'litellm/redis-redis-ha-haproxy -> litellm/redis-redis-ha-server': 'TCP 6379,26379',
  [`${GRAFANA} -> ${PROMETHEUS}`]: 'TCP 9090',
  [`${GRAFANA} -> ${ALERTMANAGER}`]: 'TCP 9093',
  [`${GRAFANA} -> monitoring/jaeger`]: 'TCP 16686',
  ...Object.fromEntries(Object.entries(SCRAPED).map(([to, ports]) => [`${PROMETHEUS} -> ${to}`, ports])),
  ...Object.fromEntries(ASKING.map((from) => [`${from} -> ${DNS}`, 'TCP 53 UDP 53'])),
  // Its metrics too.
  [`${PROMETHEUS} -> ${DNS}`]: 'TCP 53,9153 UDP 53',
}

/** Namespaces of the platform. */
const OURS = /^(litellm|open-webui|monitoring|external-secrets|gatekeeper-system)\//

const workload = (namespace: string, name: string, labels: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'none' }] } },
  },
})

/** What a cluster has beside the platform, and the Job that is gone once it has run. */
const OTHERS = [
  workload('kube-system', 'coredns', { 'k8s-app': 'kube-dns' }),
  workload('default', 'stranger', { app: 'redis-ha', release: 'redis' }),
  workload('litellm', 'lodger', { app: 'debug' }),
  workload('litellm', 'migrations', {
    'app.kubernetes.io/name': 'litellm',
    'app.kubernetes.io/instance': 'litellm',
    'app.kubernetes.io/component': 'migrations',
  }),
]

const KINDS = [
  ['v1', 'Namespace'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
] as const

let analyzer = ''
let cluster: readonly KubeObject[] = []
let policies: readonly KubeObject[] = []

beforeAll(async () => {
  const { kube } = sandbox.at
  analyzer = await goTool('netpol-analyzer')
  const lists = await Promise.all(KINDS.map(([apiVersion, kind]) => kube.list({ apiVersion, kind })))
  cluster = [...lists.flat(), ...OTHERS]
  policies = await kube.list(POLICY)
})

const bare = (name: string): string => name.replace(/\[\w+\]$/, '')
const sorted = (conn: string): string =>
  conn
    .split(/[, ](?=TCP|UDP)/)
    .sort()
    .join(' ')

/** Connections between workloads, of which one at least is ours. */
async function pairs(objects: readonly KubeObject[]): Promise<Record<string, string>> {
  const all = await connectionsOf(analyzer, objects)
  return Object.fromEntries(
    all
      .filter(({ src, dst }) => src.includes('/') && dst.includes('/'))
      .map(({ src, dst, conn }): [string, string] => [`${bare(src)} -> ${bare(dst)}`, sorted(conn)])
      .filter(([pair]) => pair.split(' -> ').some((end) => OURS.test(end))),
  )
}

describe.sequential('an independent evaluator, over the live objects of the whole platform', () => {
  test('finds exactly the connections that are wanted between workloads, and no other', async () => {
    expect(await pairs([...cluster, ...policies])).toEqual(EXPECTED)
  })

  test('finds no way from any pod of ours to the metadata services, and the right ones to the outside', async () => {
    const all = await connectionsOf(analyzer, [...cluster, ...policies])
    const own = [...new Set(all.map(({ src }) => src))].filter((src) => OURS.test(src))
    expect(own.length).toBeGreaterThan(5)
    const leaks = own.flatMap((src) =>
      METADATA.flatMap((address) => reach(all, src, address).map((conn) => `${src} ${address} ${conn}`)),
    )
    expect(leaks).toEqual([])
    const outside = (address: string) =>
      own
        .filter((src) => reach(all, src, address).some((conn) => /\bTCP\b.*443/.test(conn)))
        .map(bare)
        .sort()
    expect(outside(BEDROCK)).toEqual([
      'external-secrets/external-secrets',
      'litellm/litellm',
      // Alerts go to receivers out there, logins to the identity provider.
      ALERTMANAGER,
      'open-webui/open-webui',
    ])
    expect(
      own
        .filter((src) => reach(all, src, DATABASE).some((conn) => conn.includes('5432')))
        .map(bare)
        .sort(),
    ).toEqual(['litellm/litellm', 'litellm/migrations'])
    // The same analyzer does see a way where there is one.
    expect(reach(all, 'default/stranger[Deployment]', METADATA[0] ?? '')).toEqual(['All Connections'])
  })

  test('sees what is missing without the denial of everything, and what is too much', async () => {
    const open = policies.filter(({ metadata }) => metadata.name !== 'llmgw-default-deny')
    const lodger = (await connectionsOf(analyzer, [...cluster, ...open])).filter(({ src }) =>
      src.startsWith('litellm/lodger'),
    )
    expect(lodger.length).toBeGreaterThan(0)
    const closed = policies.filter(({ metadata }) => metadata.name !== 'llmgw-litellm')
    expect(await pairs([...cluster, ...closed])).not.toHaveProperty(['open-webui/open-webui -> litellm/litellm'])
  })
})
