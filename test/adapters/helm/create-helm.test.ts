import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createHelm } from '../../../src/adapters/helm/create-helm.ts'
import { encodeRelease } from '../../../src/adapters/helm/release-secret.ts'
import { createHelmRunner } from '../../../src/adapters/helm/runner.ts'
import { echo } from '../../contracts/helm.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'
import { systemClock } from './real-helm.ts'
import { stubHelm } from './stub-helm.ts'

const SHELL = {
  PATH: process.env.PATH,
  HTTPS_PROXY: 'http://proxy.example.com',
  KUBECONFIG: '/somewhere/else',
  HELM_NAMESPACE: 'somewhere',
  HELM_KUBETOKEN: 'planted-canary-token',
  LLMGW_SECRET: 'planted-canary-provided',
}

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-helm-unit-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

async function world(answer: Parameters<typeof stubHelm>[1] = {}) {
  const stub = await stubHelm(join(dir, 'bin'), answer)
  return { stub, ...(await withBinary(stub.binary)) }
}

async function withBinary(binary: string) {
  const kube = fakeKube()
  const started: (string | undefined)[] = []
  const runner = createHelmRunner({
    binary,
    home: join(dir, 'home'),
    env: SHELL,
    starting: ([verb]) => void started.push(verb),
  })
  const info = { name: 'echo', version: '1.0.0', digest: 'sha256:00', standIn: false }
  const helm = createHelm({
    runner,
    kube,
    charts: { resolve: async () => ({ path: '/charts/echo', info }) },
    kubeconfig: async () => ({ path: '/private/kubeconfig', context: 'here' }),
    deployment: 'test',
    runDir: dir,
    clock: { ...systemClock, sleep: async () => undefined },
  })
  return { helm, kube, started }
}

const run = () => ({ signal: new AbortController().signal, report: () => undefined })

/** The Secret of a release, as helm would have written it. */
async function releaseSecret(revision: number, status: string) {
  const release = {
    name: 'echo',
    namespace: 'gateway',
    version: revision,
    info: { status: status as 'deployed', description: 'Install complete', last_deployed: '2026-01-01T00:00:00Z' },
    chart: { metadata: { name: 'echo', version: '1.0.0' } },
    manifest: '---\nkind: ServiceAccount\napiVersion: v1\nmetadata:\n  name: echo\n---\n# empty\n',
  }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'helm.sh/release.v1',
    metadata: {
      name: `sh.helm.release.v1.echo.v${revision}`,
      namespace: 'gateway',
      labels: { owner: 'helm', name: 'echo', status, version: String(revision), 'llmgw.dev/inputs': 'stale' },
    },
    data: { release: await encodeRelease(release) },
  }
}

describe('what helm is started with', () => {
  test('values go in on standard input, never as arguments', async () => {
    const { helm, stub } = await world()
    await helm.upgrade(echo('gateway'), run())
    const call = (await stub.calls()).at(-1) ?? expect.fail('helm was not started')
    expect(JSON.parse(call.stdin)).toEqual(echo('gateway').values)
    expect(call.argv.join(' ')).not.toContain('planted-canary')
    expect(call.argv.slice(0, 8)).toEqual([
      'upgrade',
      'echo',
      '/charts/echo',
      '--install',
      '--namespace',
      'gateway',
      '--values',
      '-',
    ])
    expect(call.argv).toContain('--wait=hookOnly')
    expect(call.argv).not.toContain('--create-namespace')
  })

  test('what a webhook refused that was being replaced is asked again, some times', async () => {
    const stderr =
      'Error: UPGRADE FAILED: admission webhook "validation.gatekeeper.sh" denied the request: serving context canceled, aborting request'
    const once = await world({ stderr, exitCode: 1, failures: 1 })
    const said: string[] = []
    await once.helm.upgrade(echo('gateway'), { ...run(), report: (line) => void said.push(line) })
    expect((await once.stub.calls()).map(({ argv }) => argv[0])).toEqual(['version', 'upgrade', 'upgrade'])
    expect(said).toContain('an admission webhook was being replaced just then: once more')
    const always = await world({ stderr, exitCode: 1 })
    await expect(always.helm.upgrade(echo('gateway'), run())).rejects.toMatchObject({ code: 'HelmWebhook' })
    expect((await always.stub.calls()).filter(({ argv }) => argv[0] === 'upgrade')).toHaveLength(3)
  })

  test('what a webhook denies is not asked again', async () => {
    const stderr = 'Error: UPGRADE FAILED: admission webhook "validation.gatekeeper.sh" denied the request: no'
    const { helm, stub } = await world({ stderr, exitCode: 1 })
    await expect(helm.upgrade(echo('gateway'), run())).rejects.toMatchObject({ code: 'HelmWebhook' })
    expect((await stub.calls()).filter(({ argv }) => argv[0] === 'upgrade')).toHaveLength(1)
  })

  test('the release is marked with its inputs, deployment and run', async () => {
    const { helm, stub } = await world()
    const { digest } = await helm.inputs(echo('gateway'))
    await helm.upgrade(echo('gateway'), run())
    const argv = (await stub.calls()).at(-1)?.argv ?? []
    expect(argv[argv.indexOf('--labels') + 1]).toMatch(
      new RegExp(
        `^llmgw.dev/inputs=${digest},llmgw.dev/deployment=test,llmgw.dev/run=[0-9a-f]{12}\\.${process.pid}\\.`,
      ),
    )
  })

  test('the shell can neither redirect helm nor give it secrets', async () => {
    const { helm, stub } = await world()
    await helm.upgrade(echo('gateway'), run())
    const { env = {}, argv = [] } = (await stub.calls()).at(-1) ?? {}
    expect(env).toMatchObject({
      PATH: SHELL.PATH,
      HTTPS_PROXY: SHELL.HTTPS_PROXY,
      HELM_CACHE_HOME: join(dir, 'home/cache'),
    })
    expect(JSON.stringify(env)).not.toContain('planted-canary')
    expect(Object.keys(env)).not.toContain('KUBECONFIG')
    expect(Object.keys(env)).not.toContain('HELM_NAMESPACE')
    const at = argv.indexOf('--kubeconfig')
    expect(argv.slice(at, at + 4)).toEqual(['--kubeconfig', '/private/kubeconfig', '--kube-context', 'here'])
  })

  test('reading starts no helm, and the version is asked once', async () => {
    const { helm, kube, stub, started } = await world()
    kube.seed(await releaseSecret(1, 'deployed'))
    const record = (await helm.find('echo', 'gateway')) ?? expect.fail('no release')
    await helm.inputs(echo('gateway'))
    await helm.drift(record, { deep: true })
    expect([await stub.calls(), started]).toEqual([[], []])
    await helm.upgrade(echo('gateway'), run())
    await helm.upgrade(echo('gateway'), run())
    expect((await stub.calls()).map(({ argv }) => argv[0])).toEqual(['version', 'upgrade', 'upgrade'])
    // Who counts processes is told of each.
    expect(started).toEqual(['version', 'upgrade', 'upgrade'])
  })

  test('a note of a running helm is gone when it has ended, well or badly', async () => {
    const { helm } = await world({ exitCode: 1, stderr: 'Error: UPGRADE FAILED: no luck' })
    await expect(helm.upgrade(echo('gateway'), run())).rejects.toMatchObject({ code: 'HelmFailed', cause: 'no luck' })
    expect(await readdir(join(dir, 'helm-calls'))).toEqual([])
  })
})

describe('the newest revision', () => {
  test('is read from its Secret, with objects placed in the namespace of the release', async () => {
    const { helm, kube } = await world()
    kube.seed(await releaseSecret(2, 'failed'))
    kube.seed(await releaseSecret(10, 'deployed'))
    const record = await helm.find('echo', 'gateway')
    expect(record).toMatchObject({ revision: 10, status: 'deployed', updatedAt: '2026-01-01T00:00:00Z' })
    expect(record?.manifest).toMatchObject([
      { kind: 'ServiceAccount', metadata: { name: 'echo', namespace: 'gateway' } },
    ])
  })

  test('made by somebody else does not pass for ours, although helm carries our labels over', async () => {
    const { helm, kube } = await world()
    kube.seed(await releaseSecret(1, 'deployed'))
    expect(await helm.find('echo', 'gateway')).not.toHaveProperty('inputs')
  })

  test('that cannot be read is an error, not an absent release', async () => {
    const { helm, kube } = await world()
    kube.seed({ ...(await releaseSecret(1, 'deployed')), data: { release: 'bm9uc2Vuc2U=' } })
    await expect(helm.find('echo', 'gateway')).rejects.toMatchObject({ code: 'HelmReleaseUnreadable' })
  })
})

describe('a helm that will not do', () => {
  test('is missing', async () => {
    const { helm } = await withBinary(join(dir, 'no-such-helm'))
    await expect(helm.upgrade(echo('gateway'), run())).rejects.toMatchObject({ code: 'HelmMissing', exitCode: 3 })
  })

  test('is too old', async () => {
    const { helm, stub } = await world({ version: 'v3.17.3' })
    await expect(helm.upgrade(echo('gateway'), run())).rejects.toMatchObject({
      code: 'HelmTooOld',
      message: expect.stringContaining('3.17.3'),
    })
    expect((await stub.calls()).map(({ argv }) => argv[0])).toEqual(['version'])
  })
})

describe('what helm says', () => {
  const cases = [
    ['UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress', 'HelmPending'],
    ['Service "x" is invalid: spec.clusterIPs[0]: may not change once set', 'HelmImmutableField'],
    [
      'ConfigMap "x" exists and cannot be imported into the current release: invalid ownership metadata',
      'HelmOwnedByOther',
    ],
    ['Apply failed with 1 conflict: conflict with "kubectl"', 'HelmConflict'],
    ['unable to build: no matches for kind "X" in version "v1" ensure CRDs are installed first', 'HelmCrdMissing'],
    ['create: failed to create: namespaces "x" not found', 'HelmNamespaceMissing'],
    ["values don't meet the specifications of the schema(s)", 'HelmValuesInvalid'],
    ['failed calling webhook "x": connection refused', 'HelmWebhook'],
    ['kubernetes cluster unreachable: dial tcp 127.0.0.1:1: connect: connection refused', 'KubeUnreachable'],
    ['context deadline exceeded', 'HelmTimeout'],
    ['something new', 'HelmFailed'],
  ] as const
  test.each(cases)('"%s" is %s', async (words, code) => {
    const { helm } = await world({ exitCode: 1, stderr: `level=WARN msg="noise"\nError: ${words}\n` })
    await expect(helm.upgrade(echo('gateway'), run())).rejects.toMatchObject({ code })
  })
})

describe('what it means', () => {
  const cases = [
    [
      'Unable to continue with update: Service "redis-ha" in namespace "gateway" exists and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "echo": current value is "team-redis"',
      'release gateway/echo would take over Service redis-ha, which belongs to release team-redis',
      /--adopt/,
    ],
    [
      'Unable to continue with install: ConfigMap "settings" in namespace "gateway" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: key "app.kubernetes.io/managed-by" must equal "Helm": current value is "argocd"',
      'release gateway/echo would take over ConfigMap settings, which belongs to argocd',
      /--adopt/,
    ],
    [
      'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
      'release gateway/echo changes spec.selector of Deployment web, which cannot be changed in place',
      /kubectl delete deployment web -n gateway$/,
    ],
    [
      "StatefulSet.apps \"db\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      'release gateway/echo changes a field of the spec of StatefulSet db, which cannot be changed in place',
      /kubectl delete statefulset db -n gateway --cascade=orphan/,
    ],
    [
      'chart requires kubeVersion: >=1.99.0-0 which is incompatible with Kubernetes v1.35.4',
      'the chart of release gateway/echo wants Kubernetes >=1.99.0-0, and the cluster is v1.35.4',
      /chart-versions/,
    ],
  ] as const
  test.each(cases)('%s', async (words, message, hint) => {
    const { helm } = await world({ exitCode: 1, stderr: `Error: ${words}\n` })
    await expect(helm.upgrade(echo('gateway'), run())).rejects.toMatchObject({
      message,
      hint: expect.stringMatching(hint),
    })
  })
})

describe('taking over on request', () => {
  const account = (more: object) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'echo', namespace: 'gateway', ...more },
  })
  const rendered = {
    stdout: JSON.stringify({ manifest: 'kind: ServiceAccount\napiVersion: v1\nmetadata:\n  name: echo\n' }),
  }
  const reported = () => {
    const lines: string[] = []
    return { lines, options: { ...run(), report: (line: string) => void lines.push(line) } }
  }
  const OWN = {
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'echo', 'meta.helm.sh/release-namespace': 'gateway' },
  }

  test.each([
    [{}, 'taking over ServiceAccount echo, until now of nobody'],
    [{ labels: { 'app.kubernetes.io/managed-by': 'argocd' } }, 'taking over ServiceAccount echo, until now of argocd'],
    [
      { ...OWN, annotations: { ...OWN.annotations, 'meta.helm.sh/release-name': 'team' } },
      'taking over ServiceAccount echo, until now of release gateway/team',
    ],
    [OWN, undefined],
  ])('names what it takes: %j', async (marks, line) => {
    const { helm, kube, stub } = await world(rendered)
    kube.seed(account(marks))
    const { lines, options } = reported()
    await helm.upgrade(echo('gateway'), { ...options, adopt: true })
    expect(lines.filter((one) => one.startsWith('taking over'))).toEqual(line === undefined ? [] : [line])
    expect((await stub.calls()).at(-1)?.argv).toContain('--take-ownership')
  })

  test('never takes what another deployment of llmgw owns', async () => {
    const { helm, kube, stub } = await world(rendered)
    kube.seed(account({ labels: { 'llmgw.dev/deployment': 'other' } }))
    const upgrading = helm.upgrade(echo('gateway'), { ...reported().options, adopt: true })
    await expect(upgrading).rejects.toMatchObject({ code: 'ForeignOwner' })
    expect((await stub.calls()).every(({ argv }) => argv[0] === 'version' || argv.includes('--dry-run=server'))).toBe(
      true,
    )
  })

  test('is never done without being asked', async () => {
    const { helm, stub } = await world(rendered)
    await helm.upgrade(echo('gateway'), run())
    expect((await stub.calls()).some(({ argv }) => argv.includes('--take-ownership'))).toBe(false)
  })
})
