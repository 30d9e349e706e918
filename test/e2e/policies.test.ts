import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { StepError } from '../../src/errors.ts'
import type { KubeObject } from '../../src/ports/index.ts'
import { container, deployment, good, pod, without } from '../policies/cases/objects.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { SPINE } from './world/spine.ts'

const sandbox = useDeployedSandbox('e2e-policies', { deploy: false })
const ci = { INTERACTIVE_MODE: 'false' }
const SERVER = { apiVersion: 'mcp.litellm.ai/v1alpha1', kind: 'MCPServer' }

/** The kind that one policy is about; nothing of ours installs it. */
const MCP_CRD: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'mcpservers.mcp.litellm.ai' },
  spec: {
    group: 'mcp.litellm.ai',
    scope: 'Namespaced',
    names: { kind: 'MCPServer', plural: 'mcpservers', singular: 'mcpserver' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

const at = { namespace: 'default' }
const context = good.securityContext as Readonly<Record<string, unknown>>
const server = (name: string, method: string): KubeObject => ({
  ...SERVER,
  metadata: { name, ...at },
  spec: {
    type: 'internal-api',
    classification: 'internal',
    authentication: { inbound: { method, issuer: 'https://login.example.com', audience: 'mcp' } },
  },
})
const withContext = (over: Readonly<Record<string, unknown>>) => container({ securityContext: { ...context, ...over } })

/** For each policy: what breaks it alone, and what the API server takes. */
const MANIFESTS: Readonly<Record<string, { readonly violating: KubeObject; readonly conforming: KubeObject }>> = {
  'allowed-registries': {
    violating: pod({ containers: [container({ image: 'ghcr.io/berriai-evil/x:1' })] }, { ...at, name: 'registry-bad' }),
    conforming: pod({ containers: [container()] }, { ...at, name: 'registry-good' }),
  },
  'no-latest-tag': {
    violating: pod({ containers: [container({ image: 'ghcr.io/berriai/litellm' })] }, { ...at, name: 'tag-bad' }),
    conforming: pod(
      { containers: [container({ image: `ghcr.io/berriai/litellm@sha256:${'a'.repeat(64)}` })] },
      { ...at, name: 'tag-good' },
    ),
  },
  'required-labels': {
    violating: deployment({ containers: [container()] }, { ...at, name: 'labels-bad', labels: { app: 'app' } }),
    conforming: deployment({ containers: [container()] }, { ...at, name: 'labels-good' }),
  },
  'container-resources': {
    violating: pod({ containers: [without(good, 'resources')] }, { ...at, name: 'resources-bad' }),
    conforming: pod({ containers: [container()] }, { ...at, name: 'resources-good' }),
  },
  probes: {
    violating: pod({ containers: [without(good, 'livenessProbe')] }, { ...at, name: 'probes-bad' }),
    conforming: pod(
      { restartPolicy: 'Never', containers: [without(good, 'livenessProbe')] },
      { ...at, name: 'probes-good' },
    ),
  },
  'security-context': {
    violating: pod({ containers: [withContext({ allowPrivilegeEscalation: true })] }, { ...at, name: 'context-bad' }),
    conforming: pod({ containers: [container()] }, { ...at, name: 'context-good' }),
  },
  'read-only-root-filesystem': {
    violating: pod({ containers: [withContext({ readOnlyRootFilesystem: false })] }, { ...at, name: 'root-bad' }),
    conforming: pod({ containers: [container()] }, { ...at, name: 'root-good' }),
  },
  'mcp-server-authentication': { violating: server('bad', 'none'), conforming: server('good', 'jwt') },
}

/** The configuration that every command of this sandbox reads. */
const fileOf = () => join(sandbox.connection.dir, 'llmgw.yaml')
const run = (words: string) => sandbox.run(words, ci)

beforeAll(async () => {
  await sandbox.at.kube.apply(MCP_CRD)
  // The stand-in of the Redis chart has fewer probes than the real one.
  const exemptions = [{ policies: ['probes'], names: ['redis-*'], reason: 'a stand-in chart' }]
  const configuration = {
    apiVersion: 'llmgw/v1',
    ...SPINE,
    policies: { kind: 'gatekeeper', enforcement: 'deny', exemptions },
  }
  await writeFile(fileOf(), stringify(configuration))
})

describe.sequential('with the real Gatekeeper, in deny', () => {
  test('the platform deploys, and again: nothing is left to change', async () => {
    const first = await run('deploy all')
    expect(first.code, first.output).toBe(0)
    const verified = await run('verify gatekeeper policies')
    expect(verified.code, verified.output).toBe(0)
    const again = await run('plan --exit-code')
    expect(again.code, again.output).toBe(0)
  })

  test.each(Object.entries(MANIFESTS))('%s refuses what breaks it, and nothing else', async (policy, manifests) => {
    const { kube } = sandbox.at
    const refused = await kube.create(manifests.violating).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(StepError)
    const { code, cause } = refused as StepError
    expect(code).toBe('AdmissionDenied')
    const named = [...String(cause).matchAll(/\[llmgw-([^\]]+)\]/g)].map(([, name]) => name)
    expect([...new Set(named)]).toEqual([policy])
    expect((await kube.create(manifests.conforming)).metadata.uid).toBeDefined()
  })

  test('exempted namespaces are not asked about', async () => {
    const exempt = { ...MANIFESTS['no-latest-tag']?.violating } as KubeObject
    const there = { ...exempt, metadata: { ...exempt.metadata, namespace: 'kube-system' } }
    expect((await sandbox.at.kube.create(there)).metadata.uid).toBeDefined()
  })

  test('the audit finds nothing, and a denial cannot be undone by a word less in the configuration', async () => {
    const { stdout } = await run('policy status --output json')
    const { policies } = JSON.parse(stdout) as { policies: { name: string; enforcement?: string }[] }
    expect(policies.map(({ enforcement }) => enforcement)).toEqual(policies.map(() => 'deny'))
    await writeFile(
      fileOf(),
      stringify({ apiVersion: 'llmgw/v1', ...SPINE, policies: { kind: 'gatekeeper', exemptions: [] } }),
    )
    const plan = await run('plan policies')
    expect(plan.output).not.toMatch(/enforcementAction/)
  })
})
