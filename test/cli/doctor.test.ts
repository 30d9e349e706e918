import { describe, expect, it } from 'vitest'
import { chartVersionsFinding } from '../../src/cli/doctor/chart-versions.ts'
import { DOCTOR_IDS } from '../../src/cli/doctor/examine.ts'
import { clockFinding, nodeFinding } from '../../src/cli/doctor/machine.ts'
import type { World } from '../../src/cli/world.ts'
import { PreflightError } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { type CliOptions, FILE, runCli } from './run-cli.ts'

interface Found {
  readonly exitCode: number
  readonly findings: readonly { id: string; title: string; result: string; evidence: string; fix?: string }[]
}

async function doctor(options: CliOptions, args = '') {
  const { code, stdout } = await runCli(`doctor --output json ${args}`, options)
  const { findings, exitCode } = JSON.parse(stdout) as Found
  const of = (id: string) => findings.find((finding) => finding.id === id)
  expect(exitCode).toBe(code)
  return { code, findings, of, results: Object.fromEntries(findings.map(({ id, result }) => [id, result])) }
}

const expired = new PreflightError('AwsExpired', 'the AWS credentials have expired', { hint: 'aws sso login' })
const unreachable = new PreflightError('AwsUnreachable', 'no connection to AWS')
const down = new PreflightError('KubeUnreachable', 'the API server does not answer')

describe('doctor', () => {
  it('gives every check an answer, and changes nothing', async () => {
    const world = fakeWorld()
    const { findings } = await doctor({ world })
    expect(findings.map(({ id }) => id)).toEqual(DOCTOR_IDS)
    expect(findings.filter(({ evidence, title }) => evidence === '' || title === '')).toEqual([])
    expect(world.writes()).toEqual([])
  })

  it('exits with 0 where nothing fails, and with 1 where something does', async () => {
    const good = await doctor({ world: fakeWorld() }, '--only account,cluster,api-server,oidc-provider')
    expect([good.code, good.results]).toEqual([
      0,
      { account: 'pass', cluster: 'pass', 'api-server': 'pass', 'oidc-provider': 'pass' },
    ])
    const world = fakeWorld()
    world.aws.state.oidcProviders.clear()
    expect((await doctor({ world }, '--only oidc-provider')).code).toBe(1)
  })

  it('is text for people, with the next command', async () => {
    const world = fakeWorld()
    world.aws.state.oidcProviders.clear()
    const { code, stdout } = await runCli('doctor --only account,oidc-provider', { world })
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^ok {4}AWS account: 123456789012 as .*\nfail {2}IAM OIDC provider of the cluster: .*\n {6}next: eksctl/,
    )
    expect(stdout).toMatch(/1 of 2 in order; failed: 1, warnings: 0, could not look: 0, skipped: 0\n$/)
  })

  it('is one line a finding as ndjson', async () => {
    const { stdout } = await runCli('doctor --only node,helm --output ndjson', { world: fakeWorld() })
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { version: 1, type: 'finding', id: 'node' },
      { version: 1, type: 'finding', id: 'helm', result: 'pass', evidence: 'helm 4.1.0 at /usr/bin/helm' },
    ])
  })

  it('knows its checks', async () => {
    const { code, stderr } = await runCli('doctor --only storage-clas', { world: fakeWorld() })
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean storage-class?')])
  })
})

describe('images', () => {
  const looking = async (answer: (image: string) => Promise<void>) => {
    const images = { list: async () => ['ghcr.io/x/a:1', 'ghcr.io/x/b:2'], ask: answer }
    const { of } = await doctor({ world: fakeWorld(), seams: { images } }, '--only images')
    return of('images')
  }
  const said = (words: string, code = 'ImageUnavailable') => Promise.reject(new PreflightError(code, words))

  it.each([
    ['are there', async () => undefined, 'pass', /2 images, each shown by its registry/],
    [
      'are not there',
      (image: string) => (image.endsWith('b:2') ? said('no such image', 'ImageMissing') : Promise.resolve()),
      'fail',
      /their registries do not have: ghcr\.io\/x\/b:2$/,
    ],
    [
      'are shown to nobody without an account',
      () => said('https://x: HTTP 401 (a page about HTTP 404)'),
      'could-not-look',
      /2 of 2 images: .*401/,
    ],
    ['are at a place that does not answer', () => said('fetch failed'), 'could-not-look', /fetch failed/],
  ] as const)('that %s', async (_, answer, result, evidence) => {
    expect(await looking(answer)).toMatchObject({ result, evidence: expect.stringMatching(evidence) })
  })

  it('are asked about nowhere where nothing is pulled', async () => {
    const { results } = await doctor({ world: fakeWorld() }, '--only images,account')
    expect(results.images).toBe('skip')
  })
})

describe('doctor --fix', () => {
  const pending = async () => {
    const world = fakeWorld()
    await world.secretsManager.create({
      name: 'litellm/salt-key',
      value: new Secret('planted'),
      description: '',
      tags: {},
    })
    await world.secretsManager.scheduleDeletion('litellm/salt-key', 7)
    return world
  }
  const MENDS = 'cancel the deletion of litellm/salt-key; values stay as they are'

  it('says what it does, does it, and looks again', async () => {
    const world = await pending()
    const { code, stdout, stderr } = await runCli('doctor --only secrets --fix --yes --output json', { world })
    expect([code, stderr]).toEqual([0, `to mend: ${MENDS}\nmended: ${MENDS}\n`])
    expect(JSON.parse(stdout)).toMatchObject({ fixed: [MENDS], findings: [{ id: 'secrets', result: 'pass' }] })
    expect((await world.secretsManager.describe('litellm/salt-key'))?.deletedAt).toBeUndefined()
  })

  it('asks, and takes anything but yes for no', async () => {
    const world = await pending()
    const keys = [['Mend this?', 'n\r']] as const
    const declined = await runCli('doctor --only secrets --fix', { world, keys })
    expect([declined.code, declined.stdout]).toEqual([130, expect.stringContaining('Mend this?')])
    expect((await world.secretsManager.describe('litellm/salt-key'))?.deletedAt).toBeDefined()
    const agreed = await runCli('doctor --only secrets --fix', { world, keys: [['Mend this?', 'y\r']] })
    expect(agreed.code).toBe(0)
    expect((await world.secretsManager.describe('litellm/salt-key'))?.deletedAt).toBeUndefined()
  })

  it('refuses, unwritten, where nobody can be asked', async () => {
    const world = await pending()
    const { code, stderr } = await runCli('doctor --only secrets --fix', { world })
    expect([code, stderr]).toEqual([2, expect.stringContaining('nobody can be asked here whether to mend this')])
    expect((await world.secretsManager.describe('litellm/salt-key'))?.deletedAt).toBeDefined()
  })

  it('says that there is nothing to mend', async () => {
    const { code, stderr } = await runCli('doctor --only account --fix --yes', { world: fakeWorld() })
    expect([code, stderr]).toEqual([0, expect.stringContaining('nothing that can be mended safely')])
  })
})

describe('what could not be looked at', () => {
  it.each([
    ['expired credentials', { credentialsEnd: () => Promise.reject(expired) }, ['fail', 'could-not-look']],
    ['no way to AWS', { credentialsEnd: () => Promise.reject(unreachable) }, ['could-not-look', 'pass']],
  ])('is no verdict: %s', async (_name, seams: Partial<World>, [credentials, account]) => {
    const { results } = await doctor({ world: fakeWorld(), seams })
    expect(results).toMatchObject({ credentials, account })
  })

  it('ends with 3 where it is account, cluster or API server, and names what stood in the way', async () => {
    const world = fakeWorld()
    world.aws.failNext('sts.callerIdentity', unreachable)
    const { code, results, of } = await doctor({ world })
    expect(code).toBe(3)
    expect(results).toMatchObject({ account: 'could-not-look', cluster: 'could-not-look', capacity: 'could-not-look' })
    expect(of('cluster')?.evidence).toBe('see account')
    expect(of('capacity')?.evidence).toBe('see cluster')
  })

  it('leaves the account to be looked at when only the API server does not answer', async () => {
    const world = fakeWorld()
    world.kube.failNext(() => true, down, 1_000)
    const { code, results } = await doctor({ world })
    expect(code).toBe(3)
    expect(results).toMatchObject({
      'api-server': 'could-not-look',
      capacity: 'could-not-look',
      'oidc-provider': 'pass',
    })
  })

  it('is not taken for an absent object', async () => {
    const world = fakeWorld()
    world.kube.failNext(
      ({ ref }) => ref.kind === 'StorageClass',
      new PreflightError('KubeForbidden', 'not allowed to list'),
    )
    const { results, code } = await doctor({ world }, '--only storage-class,oidc-provider')
    expect([code, results]).toEqual([0, { 'storage-class': 'could-not-look', 'oidc-provider': 'pass' }])
  })

  it('ends with 3 where nothing else was asked for', async () => {
    const world = fakeWorld()
    world.aws.failNext('iam.findOidcProvider', unreachable)
    expect((await doctor({ world }, '--only oidc-provider')).code).toBe(3)
  })
})

describe('the ground', () => {
  it.each<[string, CliOptions, string, RegExp]>([
    [
      'helm',
      { seams: { helmTool: () => Promise.reject(new PreflightError('HelmTooOld', 'helm 4.1.0 or newer')) } },
      'fail',
      /4\.1\.0/,
    ],
    [
      'credentials',
      { seams: { credentialsEnd: async () => Date.UTC(2026, 0, 1, 0, 10) } },
      'warn',
      /in 10 min: a run may take 60m/,
    ],
    ['credentials', { seams: { credentialsEnd: async () => Date.UTC(2025, 0, 1) } }, 'fail', /expired/],
    ['credentials', { seams: { credentialsEnd: async () => Date.UTC(2026, 0, 1, 8) } }, 'pass', /in 480 min/],
    [
      'account',
      { world: fakeWorld({ aws: { accountId: '999999999999' } }) },
      'fail',
      /999999999999 .*expected 123456789012/,
    ],
    ['account', { env: { AWS_ENDPOINT_URL: 'http://10.0.0.1' } }, 'fail', /AWS_ENDPOINT_URL would send/],
    ['cluster', { file: FILE.replace('name: test', 'name: other') }, 'fail', /no EKS cluster "other"/],
    [
      'cluster',
      { world: fakeWorld({ aws: { clusters: [{ name: 'test', status: 'CREATING' }] } }) },
      'fail',
      /CREATING/,
    ],
    ['clock', { world: fakeWorld({ aws: { skewMs: -400_000 } }) }, 'fail', /400 s ahead of the clock of AWS/],
    [
      'lock',
      {
        seams: {
          findLock: async () => ({
            holder: 'ann@laptop pid 1',
            host: 'laptop',
            since: '2026-01-01T00:00:00Z',
            command: 'llmgw deploy all',
            renewed: undefined,
            expiresAfterMs: 15_000,
          }),
        },
      },
      'warn',
      /held by ann@laptop pid 1 since 2026-01-01T00:00:00Z \(llmgw deploy all\)/,
    ],
    ['lock', {}, 'pass', /nobody holds the lock of llmgw/],
  ])('%s', async (id, options, result, evidence) => {
    const { of } = await doctor({ world: fakeWorld(), ...options })
    expect(of(id)).toMatchObject({ result, evidence: expect.stringMatching(evidence) })
  })

  it.each([
    ['20.18.1', 'fail'],
    ['20.20.2', 'warn'],
    ['22.23.3', 'pass'],
  ])('node %s: %s', (version, result) => expect(nodeFinding(version).result).toBe(result))

  it.each([
    [0, 'pass', 'within a second'],
    [-90_000, 'warn', '90 s ahead of'],
    [400_000, 'fail', '400 s behind'],
    [undefined, 'could-not-look', 'no Date header'],
  ])('a clock that is %s ms off: %s', (skewMs, result, words) => {
    expect(clockFinding(skewMs)).toMatchObject({ result, evidence: expect.stringContaining(words) })
  })
})

describe('chart versions', () => {
  const ask = (kubeVersion: string, world: FakeWorld) =>
    chartVersionsFinding({ ...world, signal: new AbortController().signal }, kubeVersion)
  const ranged = (range: string) => fakeWorld({ charts: { 'redis-ha': { kubeVersion: range } } })

  it.each([
    ['v1.35.4-eks-3abbec1', '>=1.25.0-0', 'pass'],
    ['v1.20.9', '>=1.21-0', 'fail'],
    ['v1.21.0', '>=1.21-0', 'pass'],
    ['v1.35.4', '>= 1.19.0, < 1.35.0', 'fail'],
    ['v1.35.4', 'any you like', 'could-not-look'],
    ['unknown', '>=1.25.0-0', 'could-not-look'],
  ])('%s in %s: %s', async (version, range, result) => {
    expect((await ask(version, ranged(range))).result).toBe(result)
  })
})

describe('deploy', () => {
  const limited = () => {
    const world = fakeWorld()
    world.kube.deny(({ verb, resource }) => verb === '*' || resource === 'statefulsets')
    return world
  }

  it('asks for what it will write before it writes anything', async () => {
    const world = limited()
    const { code, stderr } = await runCli('deploy all --yes', { world })
    expect([code, world.writes()]).toEqual([3, []])
    expect(stderr).toContain(
      'this run is not allowed: get statefulsets.apps in monitoring; create statefulsets.apps in monitoring',
    )
    expect(stderr).toContain('kubectl auth can-i get statefulsets.apps -n monitoring')
  })

  it('asks for nothing else, and nothing at all where nothing is to be done', async () => {
    const world = limited()
    expect((await runCli('deploy namespaces --yes', { world })).code).toBe(0)
    const reviews = () => world.kube.reads.filter(({ verb }) => verb === 'canI').length
    const before = reviews()
    expect(before).toBeGreaterThan(1)
    expect((await runCli('deploy namespaces --yes', { world })).code).toBe(0)
    expect(reviews()).toBe(before)
  })

  it('says that the clocks differ', async () => {
    const { stderr } = await runCli('deploy namespaces --yes', { world: fakeWorld({ aws: { skewMs: 120_000 } }) })
    expect(stderr).toContain('this machine is 120 s behind the clock of AWS')
  })
})
