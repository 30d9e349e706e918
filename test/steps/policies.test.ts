import { describe, expect, it } from 'vitest'
import type { KubeObject, LlmgwStep } from '../../src/ports/index.ts'
import { gatekeeper } from '../../steps/gatekeeper/gatekeeper.ts'
import { POLICIES } from '../../steps/policies/catalog.ts'
import { policyConstraints } from '../../steps/policies/policy-constraints.ts'
import { policyTemplates } from '../../steps/policies/policy-templates.ts'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../fakes/fake-world.ts'
import { readTemplate } from '../policies/evaluate.ts'
import { causeIn, changesOf, check, converge, destroy, plan } from './run.ts'

const API = 'constraints.gatekeeper.sh/v1beta1'
const LATEST = { apiVersion: API, kind: 'LlmgwNoLatestTag', name: 'llmgw-no-latest-tag' }
const MCP_CRD: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'mcpservers.mcp.litellm.ai' },
  spec: { group: 'mcp.litellm.ai', names: { kind: 'MCPServer' }, versions: [] },
}

async function ground(step: LlmgwStep<unknown>, world: FakeWorld): Promise<void> {
  for (const need of step.needs) {
    await ground(need.step as LlmgwStep<unknown>, world)
    await converge(need.step as LlmgwStep<unknown>, world)
  }
}

async function inForce(overrides: FakeWorldOverrides = {}): Promise<FakeWorld> {
  const world = fakeWorld(overrides)
  await ground(policyConstraints, world)
  await converge(policyConstraints, world)
  return world
}

async function specOf(world: FakeWorld, ref = LATEST) {
  const found = await world.kube.find(ref)
  return found?.spec as {
    enforcementAction: string
    match: { excludedNamespaces?: string[]; namespaces?: string[] }
    parameters: { exemptions: { namespaces?: string[]; reason: string }[]; registries?: string[] }
  }
}

describe('constraints', () => {
  it('begin with dryrun, outside the exempted namespaces (defect 65)', async () => {
    expect(await specOf(await inForce())).toMatchObject({
      enforcementAction: 'dryrun',
      match: { excludedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'gatekeeper-system'] },
    })
  })

  it.each([
    [{ enforcement: 'deny' }, 'deny'],
    [{ enforcement: 'deny', overrides: { 'no-latest-tag': 'warn' } }, 'warn'],
    [{ overrides: { probes: 'deny' } }, 'dryrun'],
  ])('%j: %s', async (policies, expected) => {
    expect((await specOf(await inForce({ config: { policies } }))).enforcementAction).toBe(expected)
  })

  it('stay as they are where the configuration says nothing: a deploy loosens nothing', async () => {
    const world = await inForce()
    await world.kube.patch(LATEST, { spec: { enforcementAction: 'deny' } })
    expect((await check(policyConstraints, world)).state).toBe('current')
    const told = world.with({ config: { policies: { enforcement: 'dryrun' } } })
    const seen = await check(policyConstraints, told)
    expect(changesOf(seen)[0]?.fields).toEqual([
      expect.objectContaining({ path: 'spec.enforcementAction', before: 'deny', after: 'dryrun' }),
    ])
  })

  it('say what a denial would meet before it is agreed to', async () => {
    const world = await inForce()
    world.kube.setStatus(LATEST, { auditTimestamp: '2026-01-01T00:00:09Z', totalViolations: 2 })
    const seen = await check(policyConstraints, world.with({ config: { policies: { enforcement: 'deny' } } }))
    const change = changesOf(seen).find(({ target }) => target.startsWith('llmgwnolatesttag'))
    expect(change?.detail).toBe('from now on denied; 2 violations in the audit of 2026-01-01T00:00:09Z')
  })

  it('reach the namespaces of this deployment only, where that is said', async () => {
    const { match } = await specOf(await inForce({ config: { policies: { scope: 'platform' } } }))
    expect(match.namespaces).toContain('litellm')
    expect(match.namespaces).not.toContain('gatekeeper-system')
    expect(match.excludedNamespaces).toBeUndefined()
  })

  it('take registries from the configuration, never from an edited file (defect 81)', async () => {
    const world = await inForce({ config: { policies: { allowedRegistries: ['ghcr.io/ours'] } } })
    const ref = { apiVersion: API, kind: 'LlmgwAllowedRegistries', name: 'llmgw-allowed-registries' }
    expect((await specOf(world, ref)).parameters.registries).toEqual(['ghcr.io/ours'])
  })

  it('add what the configuration exempts to what the platform needs, under the names of its namespaces', async () => {
    const mine = { policies: ['probes'], namespaces: ['team-a'], reason: 'legacy' }
    const namespaces = { monitoring: 'observability' }
    const world = await inForce({ config: { namespaces, policies: { exemptions: [mine] } } })
    const ref = { apiVersion: API, kind: 'LlmgwProbes', name: 'llmgw-probes' }
    const { exemptions } = (await specOf(world, ref)).parameters
    expect(exemptions.at(-1)).toEqual({ namespaces: ['team-a'], reason: 'legacy' })
    expect(exemptions.some((one) => one.namespaces?.includes('observability'))).toBe(true)
    expect((await specOf(world)).parameters.exemptions).not.toContainEqual(
      expect.objectContaining({ reason: 'legacy' }),
    )
  })

  it('about a kind that the cluster lacks are not made, and are once it has it (defect 82)', async () => {
    const world = await inForce()
    const ref = { apiVersion: API, kind: 'LlmgwMcpServerAuthentication', name: 'llmgw-mcp-server-authentication' }
    expect(await world.kube.find(ref)).toBeUndefined()
    world.kube.seed(MCP_CRD)
    expect(plan(await check(policyConstraints, world))).toEqual([
      'create llmgwmcpserverauthentication llmgw-mcp-server-authentication',
    ])
  })

  it('that Gatekeeper does not accept are broken, in its words', async () => {
    const world = await inForce()
    world.kube.settle(LATEST, { failed: 'no such parameter' })
    expect(causeIn(await check(policyConstraints, world)).message).toContain('no such parameter')
  })

  it('of others are left when ours go', async () => {
    const world = await inForce()
    const foreign = { apiVersion: API, kind: LATEST.kind, metadata: { name: 'theirs' }, spec: {} }
    world.kube.seed(foreign)
    await destroy(policyConstraints, world)
    const reports = await destroy(policyTemplates, world)
    expect(reports.join()).toContain('it would take with it llmgwnolatesttag theirs')
    expect(await world.kube.find({ ...LATEST, name: 'theirs' })).toBeDefined()
  })
})

describe('templates', () => {
  it('are in force only once their kinds are served: no sleep in between (defect 46)', async () => {
    const world = fakeWorld({
      verdict: ({ kind, name }) => (kind === 'ConstraintTemplate' && name === 'llmgwprobes' ? 'progressing' : 'ready'),
    })
    await ground(policyTemplates, world)
    const seen = await check(policyTemplates, world)
    expect(seen.state).toBe('missing')
    for (const policy of POLICIES) await world.kube.apply(await readTemplate(policy.name))
    expect((await check(policyTemplates, world.with({ options: { adopt: true } }))).state).not.toBe('current')
  })

  it('share what they share, word by word: a mended copy mends all', async () => {
    const known = new Map<string, string>()
    const shared = ['home', 'name', 'waivers', 'podSpec', 'formerPodSpec', 'formerContainers']
    for (const { name: policy } of POLICIES) {
      const template = await readTemplate(policy)
      const source = template.spec.targets[0]?.code[0]?.source
      for (const { name, expression } of source?.variables ?? []) {
        if (!shared.includes(name)) continue
        expect(expression, `${name} of ${policy}`).toBe(known.get(name) ?? expression)
        known.set(name, expression)
      }
    }
    expect([...known.keys()].sort()).toEqual([...shared].sort())
  })

  it('are named after their kinds, as Gatekeeper demands', async () => {
    for (const { name, kind } of POLICIES) {
      const template = await readTemplate(name)
      expect([template.metadata.name, template.spec.crd.spec.names.kind]).toEqual([kind.toLowerCase(), kind])
    }
  })
})

describe('gatekeeper', () => {
  it('is asked about nothing in the exempted namespaces: values that the chart has (defect 65)', async () => {
    const { values } = await gatekeeper.spec(fakeWorld())
    expect(values).toMatchObject({
      auditInterval: 60,
      auditFromCache: false,
      validatingWebhookExemptNamespacesLabels: {
        'kubernetes.io/metadata.name': ['kube-system', 'kube-public', 'kube-node-lease'],
      },
      controllerManager: { exemptNamespaces: ['kube-system', 'kube-public', 'kube-node-lease'] },
    })
    for (const dead of ['enableMutation', 'exemptNamespaces', 'exemptNamespacesAudit', 'metricsBackend'])
      expect(values).not.toHaveProperty(dead)
  })

  it('comes after the namespaces, which its webhook can block', () => {
    expect(gatekeeper.needs.map(({ step }) => step.id)).toContain('namespaces')
  })

  it('is left alone when it is as wanted (defect 45)', async () => {
    const world = await inForce()
    const written = world.writes().length
    expect((await converge(gatekeeper as LlmgwStep<unknown>, world)).state).toBe('current')
    expect(world.writes().length).toBe(written)
  })
})
