import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../../src/engine/graph.ts'
import type { KubeObject, LlmgwStep } from '../../../src/ports/index.ts'
import { doctorChecks } from '../../../steps/doctor/index.ts'
import { steps } from '../../../steps/index.ts'
import { checks } from '../../../steps/verify/index.ts'
import { type FakeWorld, fakeWorld } from '../../fakes/fake-world.ts'
import { converge } from '../run.ts'

const VPC_CNI = { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'aws-node' }
const DNS = { apiVersion: 'v1', kind: 'Pod', namespace: 'kube-system', name: 'coredns-1' }

async function finding(world: FakeWorld) {
  const found = await doctorChecks
    .find(({ id }) => id === 'network-policies')
    ?.run({ ...world, signal: new AbortController().signal })
  if (found === undefined) throw new Error('no such check')
  return found
}

async function verified(world: FakeWorld) {
  for (const step of buildGraph(steps).order) await converge(step as LlmgwStep<unknown>, world)
  const result = await checks
    .find(({ id }) => id === 'network-policies')
    ?.run({ ...world, signal: new AbortController().signal })
  if (result === undefined) throw new Error('no such check')
  return result
}

function daemonSet(name: string, args: readonly string[] = []): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'kube-system' },
    spec: { template: { spec: { containers: [{ args }] } } },
  }
}

describe('who enforces NetworkPolicies', () => {
  it('is nobody where the VPC CNI was not told to, with the command that tells it', async () => {
    const world = fakeWorld()
    world.kube.seed(daemonSet('aws-node', ['--enable-network-policy=false']))
    expect(await finding(world)).toEqual({
      result: 'warn',
      evidence:
        'NetworkPolicies are not enforced here: DaemonSet kube-system/aws-node runs without --enable-network-policy=true',
      fix: expect.stringContaining('aws eks update-addon --cluster-name test --region us-east-1 --addon-name vpc-cni'),
    })
  })

  it.each(['calico-node', 'cilium'])('may be %s', async (name) => {
    const world = fakeWorld()
    await world.kube.remove(VPC_CNI)
    world.kube.seed(daemonSet(name))
    expect(await finding(world)).toMatchObject({ result: 'pass', evidence: `DaemonSet kube-system/${name}` })
  })

  it('is the node itself on EKS Auto Mode, when told to', async () => {
    const world = fakeWorld()
    await world.kube.remove(VPC_CNI)
    const settings = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'amazon-vpc-cni', namespace: 'kube-system' },
    }
    world.kube.seed({ ...settings, data: { 'enable-network-policy-controller': 'false' } })
    expect(await finding(world)).toMatchObject({ result: 'warn' })
    world.kube.seed({ ...settings, data: { 'enable-network-policy-controller': 'true' } })
    expect(await finding(world)).toMatchObject({ result: 'pass' })
  })

  it('does not hide that no name could be resolved', async () => {
    const world = fakeWorld()
    await world.kube.remove(DNS)
    expect(await finding(world)).toMatchObject({ result: 'warn', evidence: expect.stringContaining('resolve no name') })
    const dnsCidrs = ['169.254.20.10/32']
    const named = world.with({ config: { networkPolicies: { egress: { dnsCidrs } } } })
    expect(await finding(named)).toMatchObject({ result: 'pass' })
  })

  it('is no question in the sandbox, nor where there are none', async () => {
    const world = fakeWorld()
    expect(await finding({ ...world, target: { ...world.target, sandbox: true } })).toMatchObject({ result: 'skip' })
    const without = world.with({ config: { networkPolicies: { enabled: false } } })
    expect(await finding(without)).toMatchObject({ result: 'skip' })
  })
})

describe('verify', () => {
  it('says where they are not enforced', async () => {
    const world = fakeWorld()
    await world.kube.remove(VPC_CNI)
    expect(await verified(world)).toMatchObject({
      result: 'warn',
      found: expect.stringMatching(/^\d+ as wanted, but NetworkPolicies are not enforced here: no DaemonSet/),
    })
  })

  it('names pods that nothing allows anything, and takes policies of others for an allowance', async () => {
    const world = fakeWorld()
    const lodger = (name: string, labels: Readonly<Record<string, string>>, spec: object = {}): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'litellm', labels },
      spec: { containers: [], ...spec },
      status: { phase: 'Running' },
    })
    world.kube.seed(lodger('debug', { app: 'debug' }))
    world.kube.seed(lodger('on-host', { app: 'debug' }, { hostNetwork: true }))
    expect(await verified(world)).toMatchObject({
      result: 'warn',
      found: expect.stringMatching(/nothing allows these pods to talk to anybody: litellm\/debug$/),
    })
    world.kube.seed({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'debug', namespace: 'litellm' },
      spec: { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['debug'] }] } },
    })
    expect(await verified(world)).toMatchObject({ result: 'pass' })
  })

  it.each([
    ['a rule too many', { ingress: [{}] }, /spec\.ingress\[-\] has \{\}/],
    ['a rule too few', { egress: null }, /spec\.egress\[\+\] lacks/],
    ['another scope', { policyTypes: ['Ingress'] }, /spec\.policyTypes/],
  ])('fails for %s', async (_what, spec, found) => {
    const world = fakeWorld()
    await verified(world)
    const ref = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: 'litellm', name: 'llmgw-redis' }
    await world.kube.patch(ref, { spec })
    const check = checks.find(({ id }) => id === 'network-policies')
    const result = await check?.run({ ...world, signal: new AbortController().signal })
    expect(result).toMatchObject({ result: 'fail', found: expect.stringMatching(found) })
  })
})
