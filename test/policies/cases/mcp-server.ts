import type { KubeObject } from '../../../src/ports/index.ts'
import type { PolicyTable } from '../cases.ts'

type Bag = Readonly<Record<string, unknown>>

function server(spec: Bag, name = 'github'): KubeObject {
  return { apiVersion: 'mcp.litellm.ai/v1alpha1', kind: 'MCPServer', metadata: { name, namespace: 'litellm' }, spec }
}

const inbound = { method: 'jwt', issuer: 'https://login.example.com', audience: 'mcp' }
const secretRef = { name: 'github', key: 'token' }
const internal = (over: Bag = {}, more: Bag = {}): KubeObject =>
  server({
    type: 'internal-api',
    classification: 'internal',
    authentication: { inbound: { ...inbound, ...over } },
    ...more,
  })
const external = (outbound: Bag): KubeObject =>
  server({ type: 'external-saas', classification: 'internal', authentication: { inbound, outbound } })

export const mcpServerCases: readonly PolicyTable[] = [
  {
    policy: 'mcp-server-authentication',
    title: 'servers',
    parameters: {
      strongFor: ['confidential', 'restricted'],
      strongMethods: ['jwt', 'service-account'],
      exemptions: [{ names: ['sandbox-*'] }],
    },
    cases: [
      { name: 'a server with all of it', object: internal(), violations: [] },
      {
        name: 'nothing said',
        object: server({ type: 'internal-api' }),
        violations: [/^classification is not set$/, /anybody could call it$/],
      },
      {
        name: 'without a specification',
        object: { apiVersion: 'mcp.litellm.ai/v1alpha1', kind: 'MCPServer', metadata: { name: 'x', namespace: 'y' } },
        violations: [/^classification/, /anybody/],
      },
      { name: 'method none', object: internal({ method: 'none' }), violations: [/anybody could call it$/] },
      {
        name: 'a bearer token without its Secret',
        object: internal({ method: 'bearer' }),
        violations: [/secretRef \(name and key\) is not set, which method bearer needs$/],
      },
      { name: 'a bearer token from a Secret', object: internal({ method: 'bearer', secretRef }), violations: [] },
      {
        name: 'a JWT from anybody',
        object: server({
          type: 'internal-api',
          classification: 'internal',
          authentication: { inbound: { method: 'jwt' } },
        }),
        violations: [/issuer and audience are not set/],
      },
      {
        name: 'every service account',
        object: internal({ method: 'service-account', serviceAccounts: [{ name: '*', namespace: '*' }] }),
        violations: [/serviceAccounts .* is not set/],
      },
      {
        name: 'one service account',
        object: internal({
          method: 'service-account',
          serviceAccounts: [{ name: 'litellm-sa', namespace: 'litellm' }],
        }),
        violations: [],
      },
      {
        name: 'restricted data behind a bearer token',
        object: internal({ method: 'bearer', secretRef }, { classification: 'restricted' }),
        violations: [/^classification restricted demands one of: jwt, service-account$/],
      },
      { name: 'restricted data behind a JWT', object: internal({}, { classification: 'restricted' }), violations: [] },
      {
        name: 'a SaaS without credentials',
        object: server({ type: 'external-saas', classification: 'internal', authentication: { inbound } }),
        violations: [/outbound\.method is not set, which type external-saas needs$/],
      },
      { name: 'a SaaS with a key in a Secret', object: external({ method: 'api-key', secretRef }), violations: [] },
      {
        name: 'a SaaS with a key in the object',
        object: external({ method: 'api-key', apiKey: 'x' }),
        violations: [/^a credential stands in the object itself/, /outbound\.secretRef/],
      },
      {
        name: 'an AWS service with a role',
        object: server({
          type: 'aws-service',
          classification: 'internal',
          authentication: { inbound, outbound: { method: 'irsa' } },
        }),
        violations: [],
      },
      { name: 'an exempted name', object: server({}, 'sandbox-1'), violations: [] },
      {
        name: 'a label on one that was there before',
        object: { ...server({}), metadata: { name: 'github', namespace: 'litellm', labels: { a: 'b' } } },
        former: server({}),
        violations: [],
      },
    ],
  },
]
