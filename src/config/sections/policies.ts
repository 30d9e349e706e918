import * as z from 'zod'
import { dnsLabel, duration } from '../fields.ts'

/** The policies, by the names that a user types. */
const POLICY_NAMES = [
  'allowed-registries',
  'no-latest-tag',
  'required-labels',
  'container-resources',
  'probes',
  'security-context',
  'read-only-root-filesystem',
  'mcp-server-authentication',
] as const

export type PolicyName = (typeof POLICY_NAMES)[number]

const policyName = z.enum(POLICY_NAMES)
const enforcement = z.enum(['dryrun', 'warn', 'deny'])

/** What Gatekeeper does about a violation. */
export type Enforcement = z.infer<typeof enforcement>

const glob = z.string().regex(/^[\w./:@*-]+$/, 'letters, digits and ./:@_-, with * for a part and ** across slashes')
const registry = z
  .string()
  .regex(/^[\w*.-]+(:\d+)?(\/[\w*./-]*)?$/, 'a registry, or a path in one, e.g. ghcr.io/berriai')
  .refine(
    (text) => /^([^/]*[.:*][^/]*|localhost)(\/|$)/.test(text),
    'starts with the name of a registry, e.g. docker.io/',
  )

const exemption = z
  .strictObject({
    policies: z.array(policyName).min(1).optional().describe('Absent: all of them.'),
    namespaces: z.array(glob).min(1).optional(),
    names: z.array(glob).min(1).optional().describe('Names of objects.'),
    images: z.array(glob).min(1).optional().describe('Whole references, e.g. docker.io/library/busybox:*.'),
    containers: z.array(glob).min(1).optional().describe('Names of containers.'),
    reason: z.string().min(1).describe('Why; kept in the cluster beside the exemption.'),
  })
  .refine(
    ({ namespaces, names, images, containers }) => [namespaces, names, images, containers].some(Boolean),
    'names none of namespaces, names, images, containers, and so would exempt everything',
  )

export const policies = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('gatekeeper'),
    auditInterval: duration.describe('Between two audits of everything that is there.'),
    enforcement: enforcement
      .optional()
      .describe('Of every policy. Absent: each starts with `dryrun` and stays as `llmgw policy enforce` leaves it.'),
    overrides: z
      .partialRecord(policyName, z.enum(['dryrun', 'warn', 'deny', 'off']))
      .describe('Of single policies; `off` leaves one out.'),
    scope: z
      .enum(['cluster', 'platform'])
      .describe('`cluster`: every namespace but the exempted ones. `platform`: only those of this deployment.'),
    exemptNamespaces: z
      .array(dnsLabel)
      .describe('Nothing in these is looked at, and the webhook is never asked about it.'),
    allowedRegistries: z
      .array(registry)
      .describe('Matched up to a slash: ghcr.io/berriai does not allow ghcr.io/berriai-evil.'),
    requiredLabels: z.array(z.string().min(1)).min(1),
    requireCpuLimits: z.boolean(),
    exemptions: z.array(exemption).describe('Added to those that the platform itself needs.'),
  }),
])

/** Registries from which the platform's own images come. Source: values of its charts, `helm-values`. */
const REGISTRIES = [
  'docker.io/curlimages',
  'docker.io/grafana',
  'docker.io/jaegertracing',
  'docker.io/openpolicyagent',
  'ghcr.io/berriai',
  'ghcr.io/external-secrets',
  'ghcr.io/jkroepke',
  'ghcr.io/open-webui',
  'public.ecr.aws/docker/library',
  'quay.io/kiwigrid',
  'quay.io/oliver006',
  'quay.io/prometheus',
  'quay.io/prometheus-operator',
  'registry.k8s.io/ingress-nginx',
  'registry.k8s.io/kube-state-metrics',
  // Add-ons of EKS. Source: Amazon EKS user guide, container image registries.
  '602401143452.dkr.ecr.*.amazonaws.com',
]

const LABELS = ['name', 'version', 'component', 'part-of'].map((label) => `app.kubernetes.io/${label}`)

/** What a kind of policies leaves out. */
export function policyDefaults(kind: string) {
  if (kind !== 'gatekeeper') return { kind }
  return {
    kind,
    auditInterval: '60s',
    overrides: {},
    scope: 'cluster',
    exemptNamespaces: ['kube-system', 'kube-public', 'kube-node-lease'],
    allowedRegistries: REGISTRIES,
    requiredLabels: LABELS,
    requireCpuLimits: false,
    exemptions: [],
  }
}
