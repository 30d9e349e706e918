import { describe, expect, it } from 'vitest'
import { PreflightError } from '../../src/errors.ts'
import type { ReleaseRecord } from '../../src/ports/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const NO_CACHE = `${FILE}cache: { kind: none }\n`
const NEW_HOME = `${FILE}namespaces: { gateway: gateway }\n`
const SYNCED = { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', namespace: 'litellm' }

async function deployed() {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  const before = world.writes()
  return { world, written: () => without(world.writes(), before) }
}

/** Writes are told by port, not in order of time. */
function without(all: readonly string[], before: readonly string[]): readonly string[] {
  const left = [...before]
  return all.filter((write) => {
    const at = left.indexOf(write)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** The operator's role may read one secret less. */
const ROLE = [
  'iam.putInlinePolicy llmgw-test-external-secrets secrets-manager-read',
  'iam.tagRole llmgw-test-external-secrets',
]
/** LiteLLM is told of no cache any more, and may no longer ask it; nor does Prometheus. */
const WITHOUT_CACHE = [
  'kube.apply Deployment litellm',
  'kube.apply ServiceAccount litellm-sa',
  'kube.apply Service litellm',
  'kube.apply EndpointSlice litellm-1',
  'kube.apply Service litellm-metrics',
  'kube.apply EndpointSlice litellm-metrics-1',
  'kube.apply NetworkPolicy llmgw-prometheus',
  'kube.apply NetworkPolicy llmgw-litellm',
  ...ROLE,
  'helm.upgrade litellm/litellm',
]
const redisSecret = (world: FakeWorld) =>
  world.kube.find({ apiVersion: 'v1', kind: 'Secret', name: 'redis-credentials', namespace: 'litellm' })

describe('what the configuration no longer wants', () => {
  it.each(['plan', 'status'])('is nothing where nothing was taken away: %s', async (verb) => {
    const { world } = await deployed()
    const { code, stdout } = await runCli(`${verb} --exit-code`, { world })
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('orphaned')])
  })

  it('is shown as orphaned in plan, with what removes it and what never will', async () => {
    const { world, written } = await deployed()
    const { code, stdout } = await runCli('plan', { world, file: NO_CACHE })
    expect([code, written()]).toEqual([0, []])
    expect(stdout.slice(stdout.indexOf('orphaned'))).toMatchInlineSnapshot(`
      "orphaned  carries our mark, and the configuration no longer wants it
        - helm release litellm/redis
        - externalsecret litellm/redis-credentials
        - configmap monitoring/llmgw-dashboard-redis
        - prometheusrule monitoring/llmgw-redis
        - servicemonitor monitoring/redis
        - networkpolicy litellm/llmgw-redis
        - networkpolicy litellm/llmgw-redis-haproxy
        - secret litellm/redis-password  (never pruned; when nobody needs its value: aws secretsmanager
          delete-secret --secret-id litellm/redis-password --region us-east-1)
        remove it with: llmgw deploy all --prune
      "
    `)
  })

  it('is a difference for status, which tells it as data too', async () => {
    const { world } = await deployed()
    const { code, stdout } = await runCli('status --exit-code --output json', { world, file: NO_CACHE })
    expect(code).toBe(4)
    expect(JSON.parse(stdout).orphans).toEqual([
      { target: 'helm release litellm/redis' },
      { target: 'externalsecret litellm/redis-credentials' },
      { target: 'configmap monitoring/llmgw-dashboard-redis' },
      { target: 'prometheusrule monitoring/llmgw-redis' },
      { target: 'servicemonitor monitoring/redis' },
      { target: 'networkpolicy litellm/llmgw-redis' },
      { target: 'networkpolicy litellm/llmgw-redis-haproxy' },
      { target: 'secret litellm/redis-password', kept: expect.stringContaining('never pruned') },
    ])
  })

  it('is named by a deploy and left alone', async () => {
    const { world, written } = await deployed()
    const { code, stdout } = await runCli('deploy all --yes', { world, file: NO_CACHE })
    expect([code, written()]).toEqual([0, WITHOUT_CACHE])
    expect(stdout).toContain('- helm release litellm/redis\n')
    expect(stdout).toContain('remove it with: llmgw deploy all --prune')
  })

  it('shows namespaces and what is in another one than its own', async () => {
    const { world } = await deployed()
    const { stdout } = await runCli('plan', { world, file: NEW_HOME })
    for (const target of [
      'helm release litellm/redis',
      'externalsecret litellm/litellm-secrets',
      'externalsecret litellm/redis-credentials',
      'namespace litellm  (never pruned; once it is empty: kubectl delete namespace litellm)',
    ])
      expect(stdout).toContain(`- ${target}`)
    expect(stdout).not.toContain('openwebui-secrets')
  })

  it('of another deployment, or of nobody, is not ours', async () => {
    const { world } = await deployed()
    const foreign = { ...(await world.helm.find('redis', 'litellm')), deployment: 'other', name: 'theirs' }
    world.helm.seed(foreign as ReleaseRecord)
    expect((await runCli('plan', { world, file: NO_CACHE })).stdout).not.toContain('theirs')
  })

  it('that could not be looked for is said, and is not nothing', async () => {
    const { world } = await deployed()
    world.aws.failNext('secretsManager.tagged', new PreflightError('AwsDenied', 'secretsmanager:ListSecrets is denied'))
    const { code, stderr } = await runCli('plan', { world })
    expect(code).toBe(0)
    expect(stderr).toContain('could not look for orphaned secrets in AWS Secrets Manager: secretsmanager:ListSecrets')
  })
})

describe('deploy --prune', () => {
  it('removes releases and ExternalSecrets of ours, and no Secret in the cluster or in AWS, volume or namespace', async () => {
    const { world, written } = await deployed()
    const claims = () => world.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' })
    const before = [(await claims()).length, world.aws.state.secrets.size]
    const { code, stdout } = await runCli('deploy all --prune --yes', { world, file: NO_CACHE })
    expect(code).toBe(0)
    expect(written()).toEqual(
      expect.arrayContaining(['helm.uninstall litellm/redis', 'kube.remove ExternalSecret redis-credentials', ...ROLE]),
    )
    expect(written().filter((write) => /Secret |Claim|Namespace|Definition|secretsManager/.test(write))).toEqual([
      'kube.remove ExternalSecret redis-credentials',
    ])
    expect(stdout).toContain('7 removed')
    expect([(await claims()).length, world.aws.state.secrets.size]).toEqual(before)
    expect(await redisSecret(world)).toBeDefined()
    expect(await world.kube.find({ ...SYNCED, name: 'litellm-secrets' })).toBeDefined()
    const again = await runCli('deploy all --prune --yes', { world, file: NO_CACHE })
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing was changed')])
  })

  it('changes nothing where nothing is orphaned', async () => {
    const { world, written } = await deployed()
    expect((await runCli('deploy all --prune --yes', { world })).code).toBe(0)
    expect(written()).toEqual([])
  })

  it('is confirmed with all else, default no', async () => {
    const { world, written } = await deployed()
    const keys = [
      ['namespaces is current', 'a'],
      ['Go on?', '\r'],
    ] as const
    const { code, stdout } = await runCli('deploy all --prune', { world, file: NO_CACHE, keys })
    expect([code, written()]).toEqual([130, []])
    expect(stdout).toContain('7 orphaned to remove. Go on?')
  })

  it.each([
    'deploy redis --prune --yes',
    'deploy all --only redis --prune --yes',
    'deploy all --skip redis --prune --yes',
  ])('%s is a usage error', async (args) => {
    const { code, stderr } = await runCli(args)
    expect([code, stderr]).toEqual([2, expect.stringContaining('it goes with all components only')])
  })

  it('starts nothing when it could not look for orphans', async () => {
    const { world, written } = await deployed()
    world.helm.failNext('owned', new PreflightError('KubeForbidden', 'secrets is forbidden'))
    const { code, stderr } = await runCli('deploy all --prune --yes', { world, file: NO_CACHE })
    expect([code, written()]).toEqual([3, []])
    expect(stderr).toContain('could not look for orphaned Helm releases, so nothing was started')
  })

  it('removes nothing when the deploy itself failed', async () => {
    const { world, written } = await deployed()
    world.aws.state.roles.clear()
    world.aws.failNext('iam.createRole', new PreflightError('AwsDenied', 'no'))
    const { code } = await runCli('deploy all --prune --yes', { world, file: NO_CACHE })
    expect(code).toBe(1)
    expect(written().filter((write) => /remove|uninstall/.test(write))).toEqual([])
  })

  it('keeps a release that would take volumes or values with it', async () => {
    const { world, written } = await deployed()
    const record = await world.helm.find('redis', 'litellm')
    if (!record) throw new Error('no release')
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'litellm' } }
    world.helm.seed({ ...record, manifest: [...record.manifest, claim] })
    const { code } = await runCli('deploy all --prune --yes', { world, file: NO_CACHE })
    expect(code).toBe(0)
    expect(written().filter((write) => !WITHOUT_CACHE.includes(write) && !write.includes('NetworkPolicy'))).toEqual([
      'kube.remove ExternalSecret redis-credentials',
      'kube.remove ServiceMonitor redis',
      'kube.remove PrometheusRule llmgw-redis',
      'kube.remove ConfigMap llmgw-dashboard-redis',
    ])
    const { stdout } = await runCli('plan', { world, file: NO_CACHE })
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'never pruned: persistentvolumeclaim litellm/data would go with it',
    )
  })
})
