import * as z from 'zod'

const cidr = z.string().regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, 'a CIDR such as 10.0.0.0/16')
const namespaceName = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'the name of a namespace')

const clients = z.strictObject({
  namespaces: z.array(namespaceName).describe('Namespaces whose pods may connect.'),
  cidrs: z.array(cidr).describe('Addresses that may connect, e.g. the subnets of a load balancer.'),
})

export const networkPolicies = z.strictObject({
  enabled: z
    .boolean()
    .describe('NetworkPolicies in our namespaces: everything that the platform does not need is denied.'),
  internalCidrs: z
    .array(cidr)
    .min(1)
    .describe('Where nodes, Services and the API server are: the ranges of the VPC and of Services.'),
  egress: z.strictObject({
    cidrs: z
      .array(cidr)
      .describe('Where AWS, model providers and the login provider are; the metadata addresses never are.'),
    databaseCidrs: z.array(cidr).optional().describe('Where PostgreSQL is; the internal ranges when left out.'),
    dnsCidrs: z.array(cidr).describe('Resolvers beside kube-dns, e.g. NodeLocal DNSCache (169.254.20.10/32).'),
  }),
  ingress: z.strictObject({
    gateway: clients.describe('Clients of the gateway beside Open WebUI.'),
    ui: clients.describe('Where users of Open WebUI come from; port-forward needs none.'),
  }),
})

const NOBODY = { namespaces: [], cidrs: [] }

/** Private ranges (RFC 1918) and the shared one (RFC 6598), which EKS uses for pods: what a VPC and Services are made of. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']

/** The same for both presets. */
export const networkPoliciesDefaults = {
  enabled: true,
  internalCidrs: PRIVATE,
  egress: { cidrs: ['0.0.0.0/0'], dnsCidrs: [] },
  ingress: { gateway: NOBODY, ui: NOBODY },
}
