import { cacheCertificate } from '../../fakes/cache-certificate.ts'
import type { FakeWorld, FakeWorldOverrides } from '../../fakes/fake-world.ts'
import { rotated } from '../run.ts'
import { leadWebUiTo, SPOILED, sendTracesTo, webhookCertificate } from './spoiled.ts'

/** A platform that was whole, and one thing that happened to it. */
export interface BrokenWorld {
  readonly name: string
  /** What it was deployed with, where the usual will not do. */
  readonly config?: FakeWorldOverrides['config']
  readonly make: (world: FakeWorld) => unknown
  /** Checks that fail, in their order. */
  readonly red: readonly string[]
  readonly warned?: readonly string[]
  /** Checks that cannot say anything then. */
  readonly silent?: readonly string[]
  /** What each of them names. */
  readonly cause: RegExp
}

function takeTokens({ config }: FakeWorld): void {
  const tokens = { issuer: 'https://id.example.com', audience: 'gateway', jwksUrl: 'https://id.example.com/keys' }
  const claims = { userClaim: 'sub', emailClaim: 'email', algorithms: ['RS256'] }
  Object.assign(config.auth, { gateway: { mode: 'custom-jwt', ...tokens, ...claims } })
}

const spoil = (id: string) => (world: FakeWorld) => SPOILED[id]?.spoil(world)

const secret = (name: string, namespace: string) => ({ apiVersion: 'v1', kind: 'Secret', name, namespace })

const redisPod = (startTime: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'redis-redis-ha-server-0',
    namespace: 'litellm',
    labels: { app: 'redis-ha', release: 'redis' },
  },
  spec: { containers: [{ name: 'redis' }] },
  status: { phase: 'Running', startTime },
})

/** What asks LiteLLM as its administrator. */
const ADMINISTRATION = [
  'litellm-database',
  'litellm-cache',
  'litellm-models',
  'litellm-guardrails',
  'model-answers',
  'cache-serves',
]

/** What asks LiteLLM anything at all. */
const NOBODY_ANSWERS = [
  'litellm-keys',
  ...ADMINISTRATION,
  'open-webui-key-registered',
  'open-webui-models',
  'open-webui-offers',
]

const LITELLM = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'litellm', namespace: 'litellm' }
const SLICE = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', name: 'litellm-1', namespace: 'litellm' }
const NOT_READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] }

export const WORLDS: readonly BrokenWorld[] = [
  {
    name: 'another master key in the Kubernetes Secret',
    make: ({ kube }) =>
      kube.patch(secret('litellm-secrets', 'litellm'), { data: { 'master-key': btoa('sk-somebody-elses-key') } }),
    red: ['secret-values', 'litellm-keys'],
    silent: ADMINISTRATION,
    cause: /key master-key differs from litellm\/master-key|the master key is refused: HTTP 401/,
  },
  {
    name: 'a secret that got a new value, with pods that hold the old one',
    make: (world) => rotated(world, 'litellm/redis-password'),
    red: ['secret-values', 'secret-versions-litellm'],
    cause: /redis-password (differs|is version)/,
  },
  {
    name: "Redis' password changed",
    make: spoil('litellm-cache'),
    red: ['litellm-cache'],
    cause: /invalid username-password pair/,
  },
  {
    name: 'a cache that keeps nothing',
    make: spoil('cache-serves'),
    red: ['cache-serves'],
    cause: /went to the model again/,
  },
  {
    name: 'database never migrated',
    make: spoil('litellm-database'),
    red: ['litellm-database', 'open-webui-key-registered'],
    cause: /table .* does not exist|answered 500 to \/key\/info/,
  },
  {
    name: 'database stopped a moment ago',
    make: spoil('litellm-ready'),
    red: ['litellm-ready'],
    cause: /database is disconnected/,
  },
  {
    name: 'database stopped, and readiness has taken the pods out',
    make: async ({ kube }) => {
      kube.settle(LITELLM, 'progressing')
      kube.setStatus({ ...LITELLM, apiVersion: 'v1', kind: 'Pod', name: 'litellm-0' }, NOT_READY)
      await kube.patch(SLICE, { endpoints: [{ conditions: { ready: false } }] })
    },
    red: ['rollout-litellm', 'litellm-endpoints', 'litellm-ready'],
    silent: NOBODY_ANSWERS.toSpliced(NOBODY_ANSWERS.indexOf('model-answers'), 0, 'litellm-metrics'),
    cause: /litellm is not ready|none of 1 endpoints is ready|no ready pod stands behind Service litellm\/litellm/,
  },
  {
    name: 'a model that the role may not call',
    make: spoil('model-answers'),
    red: ['model-answers'],
    cause: /nova-lite: .*AccessDeniedException/,
  },
  {
    name: 'a model past its end',
    make: (world) => {
      const { assets, litellm } = world
      const model = 'amazon.nova-lite-v1:0'
      const documents: typeof assets.documents = async (path) =>
        path.endsWith('bedrock-lifecycle.yaml') ? [{ [model]: '2025-12-01' }] : await assets.documents(path)
      Object.assign(world, { assets: { ...assets, documents } })
      litellm.faults.refusals.set('nova-lite', 'This model version has reached the end of its life.')
    },
    red: ['model-answers'],
    warned: ['litellm-configuration'],
    cause: /end of its life|ended on Bedrock on 2025-12-01/,
  },
  {
    name: 'a model that LiteLLM left out',
    make: spoil('litellm-models'),
    red: ['litellm-models', 'open-webui-models'],
    cause: /nova-lite is not (offered|listed)/,
  },
  {
    name: 'a Service without endpoints',
    make: async ({ kube }) => {
      await kube.patch(SLICE, { endpoints: [] })
      const selector = { 'app.kubernetes.io/name': 'litelm' }
      await kube.patch(
        { apiVersion: 'v1', kind: 'Service', name: 'litellm', namespace: 'litellm' },
        { spec: { selector } },
      )
    },
    red: ['litellm-endpoints', 'litellm-ready'],
    silent: NOBODY_ANSWERS,
    cause: /none of 0 endpoints is ready|no ready pod stands behind Service litellm\/litellm/,
  },
  {
    name: 'a policy in dryrun where deny is wanted',
    make: ({ kube, config }) => {
      Object.assign(config.policies, { enforcement: 'deny' })
      return kube.list({ apiVersion: 'v1', kind: 'Namespace' })
    },
    red: ['policy-constraints'],
    cause: /no-latest-tag is dryrun, expected deny/,
  },
  {
    name: 'an ExternalSecret that is not synced',
    make: spoil('external-secrets-synced'),
    red: ['external-secrets-synced'],
    cause: /AccessDenied/,
  },
  {
    name: 'rules about words that LiteLLM does not run',
    make: spoil('litellm-guardrails'),
    red: ['litellm-guardrails'],
    cause: /llmgw-rules is not loaded/,
  },
  {
    name: 'metrics with other names',
    make: spoil('litellm-metrics'),
    red: ['litellm-metrics'],
    cause: /litellm_spend_metric_total, which is not there/,
  },
  {
    name: 'a port of metrics that wants a key',
    make: spoil('prometheus-targets'),
    red: ['prometheus-targets'],
    cause: /HTTP 401/,
  },
  {
    name: 'an expired certificate',
    make: spoil('certificates'),
    red: ['certificates'],
    cause: /ended on 2025-12-31/,
  },
  {
    name: 'a certificate that nobody renews',
    make: ({ kube }) => kube.seed(webhookCertificate('until-2026-01-03')),
    red: [],
    warned: ['certificates'],
    cause: /ends on 2026-01-03/,
  },
  {
    name: 'a certificate of Redis that ended',
    make: ({ kube }) => kube.seed(cacheCertificate({ notAfter: new Date('2025-12-31') })),
    red: ['redis-certificate'],
    cause: /tls\.crt of Secret litellm\/redis-tls ended on 2025-12-31/,
  },
  {
    name: 'the Secret with the certificate of Redis is gone',
    make: ({ kube }) => kube.remove(secret('redis-tls', 'litellm')),
    red: ['redis-certificate'],
    cause: /Secret litellm\/redis-tls, which cache\.tls\.secretName names, is not there/,
  },
  {
    name: 'a certificate of Redis that was not renewed',
    make: ({ kube }) => kube.seed(cacheCertificate({ notAfter: new Date('2026-01-20') })),
    red: [],
    warned: ['redis-certificate'],
    cause: /ends on 2026-01-20/,
  },
  {
    name: 'a certificate of Redis that is newer than its pods',
    make({ kube }) {
      kube.seed(redisPod('2025-12-01T00:00:00Z'))
      kube.seed(cacheCertificate({ notBefore: new Date('2025-12-20') }))
    },
    red: [],
    warned: ['redis-certificate'],
    cause: /redis-redis-ha-server-0 started before the certificate was issued/,
  },
  {
    name: 'traces sent to a Service that is not there',
    make: (world) => sendTracesTo(world, 'http://jaeger-collector.monitoring.svc:4318'),
    red: ['trace-exporter'],
    cause: /there is no Service monitoring\/jaeger-collector/,
  },
  {
    name: 'traces sent to a port that takes none',
    make: (world) => sendTracesTo(world, 'http://jaeger.monitoring.svc:9411'),
    red: ['trace-exporter'],
    cause: /has no port 9411, only 4317, 4318/,
  },
  {
    name: 'no trace of LiteLLM in Jaeger',
    make: ({ programs }) => {
      programs.jaeger['/api/services'] = [200, { data: ['open-webui'] }]
    },
    red: [],
    warned: ['traces'],
    cause: /none of LiteLLM since Jaeger started/,
  },
  {
    name: 'a gateway that lets everybody in',
    make: spoil('litellm-keys'),
    red: ['litellm-keys'],
    cause: /a call without a key is answered with HTTP 200/,
  },
  {
    name: 'a gateway that takes forged tokens',
    make(world) {
      takeTokens(world)
      world.litellm.faults.trusting = true
    },
    red: ['litellm-keys'],
    cause: /a token that nobody signed is answered with HTTP 200/,
  },
  {
    name: 'a gateway that does not reach its identity provider',
    make(world) {
      takeTokens(world)
      world.litellm.faults.keyless = true
    },
    red: ['litellm-keys'],
    cause: /no token can be checked: HTTP 503: the identity provider's keys cannot be read/,
  },
  {
    name: "Open WebUI's key deleted in LiteLLM",
    make: spoil('open-webui-key-registered'),
    red: ['open-webui-key-registered', 'open-webui-models'],
    silent: ['open-webui-offers'],
    cause: /does not know it|HTTP 401/,
  },
  {
    name: 'Open WebUI with a database that is locked',
    make: spoil('open-webui-health'),
    red: ['open-webui-health'],
    cause: /database is locked/,
  },
  {
    name: 'Open WebUI that lets everybody sign up',
    make: spoil('open-webui-login'),
    red: ['open-webui-login'],
    cause: /everybody may sign up/,
  },
  {
    name: 'Open WebUI led to a Service that is not there',
    make: async (world) => {
      await leadWebUiTo(world, 'http://litelm.litellm.svc.cluster.local:4000/v1')
      world.programs.webUi['/api/models'] = [200, { data: [] }]
    },
    red: ['open-webui-gateway', 'open-webui-offers'],
    cause: /there is no Service litellm\/litelm|claude-sonnet is not offered/,
  },
  {
    name: 'Open WebUI that does not reach LiteLLM',
    make: spoil('open-webui-offers'),
    red: ['open-webui-offers'],
    cause: /nova-lite is not offered/,
  },
  {
    name: "the administrator's password changed in Open WebUI",
    make: ({ programs }) => {
      const detail = 'The email or password provided is incorrect.'
      programs.webUi['/api/v1/auths/signin'] = [400, { detail }]
    },
    red: [],
    warned: ['open-webui-offers'],
    cause: /admin@llmgw\.internal does not log in with it: HTTP 400: The email or password provided is incorrect/,
  },
  {
    name: 'a redirect address that the identity provider does not know',
    config: { auth: { ui: 'oidc' } },
    make: ({ programs }) => {
      const location = 'https://login.example.com/authorize?client_id=x&state=y&redirect_uri=http%3A%2F%2F10.0.0.1%2Fcb'
      programs.webUi['/oauth/oidc/login'] = [302, '', { location }]
    },
    red: ['open-webui-login'],
    silent: ['open-webui-offers'],
    cause: /redirect_uri is http:\/\/10\.0\.0\.1\/cb, expected http:\/\/localhost:8080\/oauth\/oidc\/callback/,
  },
  {
    name: "the gateway's role without its policy",
    make: spoil('role-gateway'),
    red: ['role-gateway', 'role-permits-gateway'],
    cause: /bedrock-invoke differs or is absent|refused: bedrock:InvokeModel on arn:aws:bedrock:/,
  },
  {
    name: "a policy of somebody else on the gateway's role, which refuses the models",
    make: spoil('role-permits-gateway'),
    red: ['role-permits-gateway'],
    warned: ['role-gateway'],
    cause: /refused: bedrock:InvokeModel on arn:aws:bedrock:|others added: inline policy quarantine/,
  },
  {
    name: 'a role that trusts another ServiceAccount',
    make: spoil('role-taken-gateway'),
    red: ['role-gateway', 'role-taken-gateway'],
    cause: /its trust policy differs|Not authorized to perform sts:AssumeRoleWithWebIdentity/,
  },
  {
    name: 'an account that trusts the tokens of another cluster',
    make: ({ aws }) => {
      const [arn, provider] = [...aws.state.oidcProviders][0] ?? []
      if (arn && provider)
        aws.state.oidcProviders.set(arn, { ...provider, url: 'oidc.eks.us-east-1.amazonaws.com/id/OLD' })
    },
    red: ['role-taken-gateway', 'role-taken-external-secrets'],
    cause: /No OpenIDConnect provider found/,
  },
]
