import { describe, expect, it } from 'vitest'
import { StepError } from '../../src/errors.ts'
import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  return world
}

async function redisSet(world: FakeWorld): Promise<KubeObject & { readonly metadata: { readonly namespace: string } }> {
  const sets = await world.kube.list({ apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'litellm' })
  const found = sets.find(({ metadata }) => metadata.name.includes('redis'))
  if (!found) throw new Error('no StatefulSet of Redis')
  return found as Awaited<ReturnType<typeof redisSet>>
}

const refTo = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name,
  namespace,
})

/** The StatefulSet lacks a pod. */
async function oneLess(world: FakeWorld): Promise<KubeObject> {
  const set = await redisSet(world)
  const { replicas = 1 } = set.spec as { replicas?: number }
  world.kube.setStatus(refTo(set), {
    observedGeneration: set.metadata.generation,
    replicas,
    readyReplicas: 0,
    availableReplicas: 0,
  })
  return set
}

/** Its first pod, as its kubelet tells of it. */
async function pod(world: FakeWorld, spec: object, status: object): Promise<void> {
  const set = await oneLess(world)
  const { selector } = set.spec as { selector: { matchLabels: Record<string, string> } }
  const { name, namespace = '', uid = '' } = set.metadata
  world.kube.seed({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-0`,
      namespace,
      labels: selector.matchLabels,
      ownerReferences: [{ kind: 'StatefulSet', name, uid, controller: true }],
    },
    spec,
    status,
  })
}

interface Report {
  readonly healthy: boolean
  readonly root: { readonly code: string; readonly message: string; readonly hint?: string } | null
  readonly diagnoses: readonly { readonly step: string; readonly causes: readonly { readonly code: string }[] }[]
}

async function diagnosed(world: FakeWorld, words = ''): Promise<{ code: number; report: Report }> {
  const { code, stdout } = await runCli(`diagnose ${words} --output json`, { world })
  return { code, report: JSON.parse(stdout) as Report }
}

const CANNOT_START = {
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'redis',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "redis-credentials" not found' } },
    },
  ],
}
const NEEDS_PASSWORD = {
  containers: [
    {
      name: 'redis',
      env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'redis-credentials', key: 'redis-password' } } }],
    },
  ],
}
const COPY = { apiVersion: 'v1', kind: 'Secret', namespace: 'litellm', name: 'redis-credentials' }

describe('llmgw diagnose', () => {
  it('finds nothing where all works, and does not take what is not deployed for sick', async () => {
    const world = await deployed()
    expect(await diagnosed(world)).toMatchObject({ code: 0, report: { healthy: true, root: null, diagnoses: [] } })
    const { code, stdout } = await runCli('diagnose redis', { world: fakeWorld() })
    expect([code, stdout]).toEqual([0, 'nothing is found that does not work; not deployed: redis\n'])
  })

  it('goes from a pod that cannot start over its Secret and its sync to the remote secret', async () => {
    const world = await deployed()
    await pod(world, NEEDS_PASSWORD, CANNOT_START)
    await world.kube.remove(COPY)
    world.kube.settle(
      { ...COPY, apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret' },
      { failed: 'could not get secret data from provider' },
    )
    await world.secretsManager.purge('litellm/redis-password')
    const { code, report } = await diagnosed(world, 'redis')
    expect(code).toBe(1)
    const redis = report.diagnoses.find(({ step }) => step === 'redis')
    expect(redis?.causes.map((cause) => cause.code)).toEqual([
      'CreateContainerConfigError',
      'SourceMissing',
      'SecretNotSynced',
      'RemoteSecretMissing',
    ])
    expect(report.root).toMatchObject({
      message:
        'secret litellm/redis-password is not in AWS Secrets Manager, so ExternalSecret litellm/redis-credentials cannot sync',
      hint: 'llmgw deploy secrets',
    })
    const { stdout } = await runCli('diagnose redis', { world })
    expect(stdout).toMatch(/because Secret litellm\/redis-credentials is not there/)
    expect(stdout).toMatch(/it comes down to: secret litellm\/redis-password is not in AWS Secrets Manager/)
  })

  it('stops at a Secret that lacks a key though all is synced', async () => {
    const world = await deployed()
    await pod(world, { containers: [{ name: 'redis', envFrom: [{ secretRef: { name: 'elsewhere' } }] }] }, CANNOT_START)
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({
      code: 'SourceMissing',
      message: expect.stringContaining('Secret litellm/elsewhere is not there'),
    })
  })

  it.each([
    [
      'exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5',
      'QuotaExceeded',
      /quota small of namespace litellm is exhausted: requested: pods=1, used: pods=5/,
    ],
    [
      'violates PodSecurity "restricted:latest": runAsNonRoot != true',
      'PodSecurityDenied',
      /namespace litellm allows only pods of PodSecurity restricted:latest: runAsNonRoot/,
    ],
    [
      'admission webhook "validation.gatekeeper.sh" denied the request: [no-latest] tag latest is not allowed',
      'AdmissionDenied',
      /"validation\.gatekeeper\.sh" refuses it: \[no-latest\] tag latest/,
    ],
    ['serviceaccount "redis" not found', 'ServiceAccountMissing', /ServiceAccount litellm\/redis is not there/],
  ])('names who refuses pods: %s', async (why, expected, message) => {
    const world = await deployed()
    const set = await oneLess(world)
    world.kube.event(refTo(set), {
      reason: 'FailedCreate',
      type: 'Warning',
      message: `create Pod redis-0 failed: pods "redis-0" is forbidden: ${why}`,
    })
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({ code: expected, message: expect.stringMatching(message) })
  })

  it('tells a webhook whose Service is gone from a denial', async () => {
    const world = await deployed()
    const set = await oneLess(world)
    world.kube.seed({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'orphaned' },
      webhooks: [
        {
          name: 'check.example.com',
          clientConfig: { caBundle: 'eA==', service: { name: 'gone', namespace: 'tools' } },
        },
      ],
    })
    world.kube.event(refTo(set), {
      reason: 'FailedCreate',
      type: 'Warning',
      message:
        'create Pod failed: Internal error occurred: failed calling webhook "check.example.com": service "gone" not found',
    })
    const { report } = await diagnosed(world, 'redis')
    expect(report.root).toMatchObject({
      code: 'WebhookUnserved',
      message: expect.stringContaining('Service tools/gone, which should answer it, is gone'),
      hint: expect.stringContaining('kubectl delete validatingwebhookconfiguration orphaned'),
    })
  })

  it('ends with 3 where all that is known is that it could not look', async () => {
    const world = await deployed()
    world.aws.failNext('iam.findRole', new Error('throttled'))
    const { code, report } = await diagnosed(world, 'irsa')
    expect([code, report.root?.message]).toEqual([3, 'throttled'])
  })
})

describe('a deploy that fails', () => {
  const failing = async (prepare: (world: FakeWorld) => Promise<void>) => {
    const world = await deployed()
    const set = await redisSet(world)
    await world.kube.patch(refTo(set), { spec: { replicas: 2 } })
    await prepare(world)
    world.helm.failNext('upgrade', new StepError('HelmFailed', 'helm upgrade of litellm/redis failed'))
    return await runCli('deploy redis --yes --output json', { world })
  }

  it('tells what lies beneath, where the step itself does not say it', async () => {
    const spec = { containers: [{ name: 'redis', envFrom: [{ secretRef: { name: 'elsewhere' } }] }] }
    const { code, stdout } = await failing((world) => pod(world, spec, CANNOT_START))
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      steps: expect.arrayContaining([
        expect.objectContaining({ id: 'redis', cause: expect.objectContaining({ code: 'HelmFailed' }) }),
      ]),
      diagnoses: [{ step: 'redis', causes: [{ code: 'CreateContainerConfigError' }, { code: 'SourceMissing' }] }],
    })
  })

  it('adds nothing where there is nothing beneath', async () => {
    const { code, stdout } = await failing(async () => undefined)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).not.toHaveProperty('diagnoses')
  })
})
