import * as z from 'zod'
import { dnsLabel, duration } from './fields.ts'
import { auth } from './sections/auth.ts'
import { cache } from './sections/cache.ts'
import { componentsSection } from './sections/components.ts'
import { database } from './sections/database.ts'
import { gateway } from './sections/gateway.ts'
import { guardrails } from './sections/guardrails.ts'
import { monitoring } from './sections/monitoring.ts'
import { networkPolicies } from './sections/network-policies.ts'
import { policies } from './sections/policies.ts'
import { tracing } from './sections/tracing.ts'
import { ui } from './sections/ui.ts'

/** IAM role name characters. Source: IAM API reference, CreateRole. */
const roleName = z.string().regex(/^[\w+=,.@-]{1,64}$/, '1 to 64 letters, digits and _+=,.@-')
const secretName = z.string().regex(/^[\w/+=.@-]{1,512}$/, 'letters, digits and /_+=.@-')
const arn = z.string().regex(/^arn:aws[\w-]*:/, 'an ARN, starting with arn:aws')

export const COMPONENTS = [
  'namespaces',
  'storage',
  'irsa',
  'secrets',
  'external-secrets',
  'gatekeeper',
  'policies',
  'monitoring',
  'jaeger',
  'redis',
  'litellm',
  'openwebui',
  'network-policies',
] as const

/** The closed list of names a user types. */
export type ComponentName = (typeof COMPONENTS)[number]

const aws = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as us-east-1'),
  accountId: z
    .string()
    .regex(/^\d{12}$/, 'twelve digits, in quotes')
    .optional()
    .describe('Pin: the run stops when the credentials belong to another account.'),
  profile: z.string().min(1).optional().describe('Named profile of the AWS configuration files.'),
  endpointUrl: z
    .url()
    .optional()
    .describe('Sends every AWS call there; without this line AWS_ENDPOINT_URL in the environment is refused.'),
  permissionsBoundary: arn.optional().describe('Set on every role that is created.'),
})

const cluster = z.strictObject({
  name: z.string().regex(/^[0-9A-Za-z][\w-]{0,99}$/, 'an EKS cluster name'),
  connection: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('eks') }),
      z.strictObject({ kind: z.literal('kubeconfig'), path: z.string().min(1).optional(), context: z.string().min(1) }),
    ])
    .describe('`eks`: DescribeCluster and a token made in process. `kubeconfig`: the named context.'),
})

const namespaces = z.strictObject({
  gateway: dnsLabel,
  ui: dnsLabel,
  monitoring: dnsLabel,
  secrets: dnsLabel,
  policy: dnsLabel,
})

const model = z.strictObject({
  name: z.string().min(1).describe('The name that clients ask for.'),
  provider: z.enum(['bedrock', 'perplexity', 'openai-compatible', 'mock']),
  model: z.string().min(1).describe('Model or inference profile id of the provider.'),
  baseUrl: z.url().optional(),
  apiKeySecret: z.string().optional().describe('Logical name of the secret that holds the key.'),
  regions: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Bedrock: destination regions of the inference profile, as GetInferenceProfile lists them.'),
  maxTokens: z.int().positive().optional(),
})

const secretItem = z.strictObject({
  class: z.enum(['generated', 'immutable', 'provided']),
  remote: secretName.describe('Name in AWS Secrets Manager, below the prefix; for `layout: split`.'),
  property: z
    .string()
    .regex(/^[A-Za-z0-9][\w-]{0,63}$/, 'letters, digits, _ and -, first a letter or digit')
    .optional()
    .describe('Key in the JSON of `bundle`, for `layout: bundle`; its logical name unless given.'),
  format: z.enum(['hex', 'sk-hex', 'url', 'text']).default('hex'),
  bytes: z.int().min(16).max(64).default(32).describe('Random bytes of a generated value.'),
  minLength: z.int().positive().optional(),
  description: z.string().default(''),
})

/** A Kubernetes Secret that External Secrets fills: key -> logical secret. */
const syncedSecret = z.strictObject({
  namespace: z.enum(['gateway', 'ui', 'monitoring']),
  name: dnsLabel,
  keys: z.record(z.string(), z.string()),
})

const secrets = z.strictObject({
  layout: z
    .enum(['split', 'bundle'])
    .default('split')
    .describe(
      '`split`: a secret in AWS for each value. `bundle`: one JSON secret with a key for each; keys of others in it are kept. To change it: `llmgw secrets migrate`.',
    ),
  bundle: secretName
    .default('llm-gateway/api-keys')
    .describe('Name of the JSON secret in AWS Secrets Manager, below the prefix; for `layout: bundle`.'),
  prefix: z
    .string()
    .regex(/^([\w+=.@-]+\/)*$/, 'empty, or a path that ends with /')
    .default(''),
  storeName: dnsLabel.default('aws-secrets-manager'),
  refreshInterval: duration.default('1h'),
  kmsKeyArn: arn.optional(),
  items: z.record(dnsLabel, secretItem),
  synced: z.array(syncedSecret),
})

const irsa = z.strictObject({
  gateway: z.strictObject({ roleName, serviceAccount: dnsLabel }),
  externalSecrets: z.strictObject({ roleName, serviceAccount: dnsLabel }),
})

const charts = z.strictObject({
  lock: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A lock file of your own, as `llmgw charts lock` writes it, relative to this file; it holds in place of our pins.',
    ),
  mirror: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('directory'), path: z.string().min(1) }),
      z.strictObject({ kind: z.literal('http'), url: z.url({ protocol: /^https?$/ }) }),
      z.strictObject({
        kind: z.literal('oci'),
        url: z.string().regex(/^oci:\/\//, 'starts with oci://'),
        plainHttp: z.boolean().default(false),
      }),
    ])
    .optional()
    .describe('Serves all charts, for air-gapped use; without it each chart comes from its own repository.'),
})

const storage = z.strictObject({
  className: dnsLabel,
  manage: z
    .enum(['ask', 'create', 'off'])
    .describe(
      'Whether to create an encrypted gp3 class when the cluster has no default one: `create` agrees, `ask` asks in a terminal, `off` never.',
    ),
})

/** The whole configuration, complete: presets have filled what the file leaves out. */
export const configSchema = z.strictObject({
  apiVersion: z.literal('llmgw/v1'),
  preset: z.enum(['platform', 'lean']),
  deployment: dnsLabel.max(40).describe('Name of this deployment; marks everything it owns.'),
  aws,
  cluster,
  namespaces,
  storage,
  irsa,
  secrets,
  models: z.array(model),
  gateway,
  ui,
  database,
  cache,
  monitoring,
  tracing,
  auth,
  guardrails,
  networkPolicies,
  policies,
  charts,
  components: componentsSection,
  timeouts: z.strictObject({ step: duration, run: duration, helm: duration }),
})

/** The effective configuration that steps see. */
export type Config = z.infer<typeof configSchema>
