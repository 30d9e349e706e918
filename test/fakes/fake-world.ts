import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { withBundles } from '../../src/adapters/aws/bundle/bundled-secrets.ts'
import { entriesOf } from '../../src/adapters/aws/bundle/json-entries.ts'
import { createCachePasswords } from '../../src/adapters/cache/cache-passwords.ts'
import { certificates } from '../../src/adapters/certificates.ts'
import { createGatewayKeys } from '../../src/adapters/gateway/gateway-keys.ts'
import { createReadiness } from '../../src/adapters/kube/index.ts'
import { createServiceCalls } from '../../src/adapters/service-calls/service-calls.ts'
import { isTree, type Tree } from '../../src/config/merge.ts'
import { choicesOf, presetDefaults } from '../../src/config/presets.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Assets, Clock, KubeObject, RunOptions, Services, Target } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'
import { type FakeAws, type FakeAwsOptions, fakeAws } from './fake-aws.ts'
import { fakeCharts } from './fake-charts.ts'
import { type FakeHelm, type FakeHelmOptions, fakeHelm } from './fake-helm.ts'
import { type FakeKube, fakeKube, type Verdict } from './fake-kube.ts'
import { type FakeLitellm, fakeLitellm } from './fake-litellm.ts'
import { fakeCrds } from './fake-monitoring.ts'
import { seedTalkingPods } from './fake-pods.ts'
import { type FakePrograms, fakePrograms } from './fake-programs.ts'
import { type FakeRedis, fakeRedis } from './fake-redis.ts'
import { FAKE_ISSUER } from './fake-token.ts'

/** 2026-01-01T00:00:00Z. */
const START = Date.UTC(2026, 0, 1)
const ACCOUNT = '123456789012'

export interface FakeWorldOverrides {
  /** Merged over the platform preset. */
  readonly config?: Tree
  readonly options?: Partial<RunOptions>
  readonly aws?: FakeAwsOptions
  readonly charts?: FakeHelmOptions['charts']
  /** Values of provided secrets by logical name; default: one for each. `{}` = nobody gave any. */
  readonly provided?: Readonly<Record<string, string>>
  /** What simulated controllers make of an object; default: everything gets ready. */
  readonly verdict?: (ref: { readonly kind: string; readonly name: string }) => Verdict
}

/** The ports of a step with the fakes behind them within reach. */
export interface FakeWorld extends Services {
  readonly kube: FakeKube
  readonly helm: FakeHelm
  readonly aws: FakeAws
  readonly clock: Clock
  /** What answers in the pod of LiteLLM. */
  readonly litellm: FakeLitellm
  /** The Redis servers behind pods that have one. */
  readonly redis: FakeRedis
  /** What answers in the pods of Open WebUI, Jaeger and Prometheus. */
  readonly programs: FakePrograms
  /** Every write so far: Kubernetes objects, AWS calls, helm runs. */
  writes(): readonly string[]
  /** The same world for another run, e.g. with other options or another configuration. */
  with(overrides: Pick<FakeWorldOverrides, 'config' | 'options' | 'provided'>): FakeWorld
}

const PROVIDED = {
  'litellm-database-url': 'postgresql://llm:planted-password@db.example.com:5432/litellm',
  'oidc-client-id': 'planted-client-id',
  'oidc-client-secret': 'planted-client-secret',
  'oidc-provider-url': 'https://login.example.com/.well-known/openid-configuration',
}

const TARGET: Target = {
  accountId: ACCOUNT,
  region: 'us-east-1',
  partition: 'aws',
  clusterName: 'test',
  clusterArn: `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/test`,
  oidcIssuer: FAKE_ISSUER,
  sandbox: false,
}

const OPTIONS: RunOptions = {
  adopt: false,
  restoreSecrets: false,
  destroy: { crds: false, volumes: false, secrets: 'schedule' },
}

/** An account, a cluster and a helm in memory that behave as one, with the platform preset. */
export function fakeWorld(overrides: FakeWorldOverrides = {}): FakeWorld {
  const clock = fakeClock()
  const aws = fakeAws({
    accountId: ACCOUNT,
    oidcProviders: [
      {
        arn: `arn:aws:iam::${ACCOUNT}:oidc-provider/${FAKE_ISSUER}`,
        url: FAKE_ISSUER,
        audiences: ['sts.amazonaws.com'],
      },
    ],
    clusters: [{ name: 'test', oidcIssuer: `https://${FAKE_ISSUER}` }],
    ...overrides.aws,
  })
  const remoteValue = (key: string, property?: string) => {
    const versions = [...(aws.state.secrets.get(key)?.versions.values() ?? [])]
    const text = versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.value
    if (property === undefined || text === undefined) return text
    const raw = entriesOf(text)?.find(({ name }) => name === property)?.raw
    return raw === undefined ? undefined : (JSON.parse(raw) as string)
  }
  const kube: FakeKube = fakeKube({
    strict: true,
    now: clock.now,
    remoteValue,
    controllers: (object) => {
      seedClaims(kube, object)
      seedTalkingPods(kube, object)
      seedOperatorSets(kube, object)
      return overrides.verdict?.({ kind: object.kind, name: object.metadata.name }) ?? 'ready'
    },
  })
  for (const object of EKS_NETWORK) kube.seed(object)
  const litellm = fakeLitellm(
    () => remoteValue('litellm/master-key') ?? remoteValue('llm-gateway/api-keys', 'litellm-master-key'),
  )
  const programs = fakePrograms()
  for (const namespace of ['litellm', 'llm-gateway']) {
    kube.servePod({ namespace, name: 'litellm-0', port: 4000 }, litellm.serve)
    kube.servePod({ namespace, name: 'litellm-0', port: 4001 }, litellm.serveMetrics)
  }
  kube.servePod({ namespace: 'open-webui', name: 'open-webui-0', port: 80 }, programs.serveWebUi)
  kube.servePod({ namespace: 'monitoring', name: 'jaeger-0', port: 16686 }, programs.serveJaeger)
  kube.servePod({ namespace: 'monitoring', name: 'prometheus-0', port: 9090 }, programs.servePrometheus)
  return assemble({ clock, aws, kube, litellm, programs, redis: fakeRedis(kube), overrides })
}

/** What names and policies of the network stand on, as EKS with the VPC CNI has them. */
const EKS_NETWORK = [
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'aws-node', namespace: 'kube-system' },
    spec: { template: { spec: { containers: [{ args: [] }, { args: ['--enable-network-policy=true'] }] } } },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'coredns-1', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    spec: { containers: [] },
    status: { phase: 'Running' },
  },
]

interface Parts {
  readonly clock: Clock
  readonly aws: FakeAws
  readonly kube: FakeKube
  readonly litellm: FakeLitellm
  readonly programs: FakePrograms
  readonly redis: FakeRedis
  readonly overrides: FakeWorldOverrides
  readonly helm?: FakeHelm
}

function assemble(parts: Parts): FakeWorld {
  const { clock, aws, kube, litellm, programs, redis, overrides } = parts
  const config = configSchema.parse(configTree(overrides.config ?? {}))
  const render = fakeCharts
  const helm =
    parts.helm ??
    fakeHelm(kube, {
      deployment: config.deployment,
      render,
      crds: (chart) => fakeCrds(chart),
      ...(overrides.charts && { charts: overrides.charts }),
    })
  const provided: Readonly<Record<string, string>> = overrides.provided ?? PROVIDED
  const serviceCalls = createServiceCalls(kube)
  const helmWrites = () =>
    helm.calls
      .filter(({ method }) => method === 'upgrade' || method === 'uninstall')
      .map(({ method, release }) => `helm.${method} ${release}`)
  return {
    config,
    target: TARGET,
    options: { ...OPTIONS, ...overrides.options },
    kube,
    readiness: createReadiness(kube, clock),
    serviceCalls,
    gatewayKeys: createGatewayKeys(serviceCalls),
    cachePasswords: createCachePasswords(kube),
    redis,
    litellm,
    programs,
    helm,
    aws,
    iam: aws.iam,
    secretsManager: withBundles(aws.secretsManager),
    eks: aws.eks,
    sts: aws.sts,
    assets: packageAssets,
    certificates,
    clock,
    random: countingRandom(),
    provided: {
      find: (name) => (provided[name] === undefined ? undefined : new Secret(provided[name])),
    },
    writes: () => [
      ...kube.writes.map(({ verb, ref }) => `kube.${verb} ${ref.kind} ${ref.name}`),
      ...aws.writes,
      ...helmWrites(),
      ...litellm.writes.map((path) => `litellm ${path}`),
    ],
    with: (more) => assemble({ ...parts, helm, overrides: { ...overrides, ...more } }),
  }
}

function configTree(over: Tree): Tree {
  const start = { aws: { region: TARGET.region, accountId: ACCOUNT }, cluster: { name: TARGET.clusterName } }
  const base = mergeTrees(start, over)
  return mergeTrees({ apiVersion: 'llmgw/v1', ...presetDefaults(choicesOf(base)) }, base)
}

function mergeTrees(lower: Tree, upper: Tree): Tree {
  const merged: Record<string, unknown> = { ...lower }
  for (const [key, value] of Object.entries(upper)) {
    const below = merged[key]
    merged[key] =
      isTree(below) && isTree(value) && below.kind === (value.kind ?? below.kind) ? mergeTrees(below, value) : value
  }
  return merged
}

/** The StatefulSet controller's part: a bound volume claim for each replica. */
function seedClaims(
  kube: FakeKube,
  object: {
    readonly kind: string
    readonly metadata: { readonly name: string; readonly namespace?: string }
    readonly spec?: unknown
  },
): void {
  if (object.kind !== 'StatefulSet') return
  const { replicas = 1, volumeClaimTemplates = [] } = object.spec as {
    replicas?: number
    volumeClaimTemplates?: { metadata: { name: string } }[]
  }
  for (const template of volumeClaimTemplates)
    for (let ordinal = 0; ordinal < replicas; ordinal += 1)
      kube.seed(
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: {
            name: `${template.metadata.name}-${object.metadata.name}-${ordinal}`,
            namespace: object.metadata.namespace ?? '',
          },
          spec: { storageClassName: 'gp3' },
          status: { phase: 'Bound' },
        },
        'statefulset-controller',
      )
}

/** The Prometheus operator's part: a StatefulSet of each of its resources, owned by it, with its claim. */
function seedOperatorSets(kube: FakeKube, object: KubeObject): void {
  if (object.kind !== 'Prometheus' && object.kind !== 'Alertmanager') return
  const { name, namespace = '', uid = '' } = object.metadata
  const set = `${object.kind.toLowerCase()}-${name}`
  const metadata = { name: set, namespace, ownerReferences: [{ kind: object.kind, name, uid, controller: true }] }
  const spec = { replicas: 1, volumeClaimTemplates: [{ metadata: { name: `${set}-db` } }] }
  kube.seed({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec }, 'prometheus-operator')
  kube.settle({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: set, namespace }, 'ready')
  seedClaims(kube, { kind: 'StatefulSet', metadata, spec })
}

/** Longer sleeps are deadlines. */
const LONGEST_PAUSE_MS = 5_000

/** Time passes only in short pauses, at once; a deadline never comes. */
function fakeClock(): Clock {
  let at = START
  return {
    now: () => at,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      if (ms > LONGEST_PAUSE_MS) return await aborted(signal)
      at += ms
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function countingRandom(): Services['random'] {
  let made = 0
  return {
    hex(bytes) {
      made += 1
      return made.toString(16).padStart(bytes * 2, 'c0ffee')
    },
  }
}

/** Files of the package do not change while tests run: each is read and parsed once. */
const texts = new Map<string, Promise<string>>()
const parsed = new Map<string, Promise<unknown[]>>()

function once<Kept>(kept: Map<string, Kept>, path: string, make: () => Kept): Kept {
  const found = kept.get(path) ?? make()
  kept.set(path, found)
  return found
}

const packageAssets: Assets = {
  text: (path) => once(texts, path, () => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')),
  async documents(path) {
    const documents = await once(parsed, path, async () =>
      parseAllDocuments(await packageAssets.text(path)).map((document) => document.toJS() as unknown),
    )
    // Whoever changes what they got changes it for themselves.
    return structuredClone(documents)
  },
}
