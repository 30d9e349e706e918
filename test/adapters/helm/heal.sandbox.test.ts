import { rm } from 'node:fs/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeRelease, encodeRelease } from '../../../src/adapters/helm/release-secret.ts'
import { identify } from '../../../src/adapters/process-identity.ts'
import type { Kube, ReleaseStatus } from '../../../src/ports/index.ts'
import { echo } from '../../contracts/helm.ts'
import { useSandbox } from '../../sandbox-under-test.ts'
import { notes, startRun, until } from './killed-run.ts'
import { makeRunDir, realHelm } from './real-helm.ts'

const sandbox = useSandbox()
const runDirs: string[] = []

afterAll(async () => {
  for (const dir of runDirs) await rm(dir, { recursive: true, force: true })
})

async function world() {
  const { helm: binary, kubeconfig, context } = sandbox.connection
  const runDir = await makeRunDir()
  runDirs.push(runDir)
  const options = { binary, kubeconfig, context, runDir }
  const { helm, kube } = await realHelm(options)
  const namespace = `helm-heal-${runDirs.length}`
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const lines: string[] = []
  const run = { signal: new AbortController().signal, report: (line: string) => void lines.push(line) }
  return { options, helm, kube, namespace, run, lines, runDir }
}

const secretRef = (namespace: string, revision = 1) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace,
  name: `sh.helm.release.v1.echo.v${revision}`,
})
const jobRef = (namespace: string) => ({ apiVersion: 'batch/v1', kind: 'Job', namespace, name: 'echo-hook' })

/** As helm leaves it when it dies at work, made by a run that this host knows nothing of. */
async function leave(
  kube: Kube,
  namespace: string,
  status: ReleaseStatus,
  { begun, revision = 1 }: { readonly begun: Date; readonly revision?: number },
): Promise<void> {
  const secret = (await kube.find(secretRef(namespace, revision))) ?? expect.fail('no release')
  const release = await decodeRelease((secret as { data?: { release?: string } }).data?.release ?? '')
  const info = { ...release.info, status, last_deployed: begun.toISOString() }
  const labels = { status, 'llmgw.dev/run': 'elsewhere', modifiedAt: String(Math.floor(begun.getTime() / 1000)) }
  const data = { release: await encodeRelease({ ...release, info }) }
  await kube.patch(secretRef(namespace, revision), { metadata: { labels }, data })
}

/** Points of an install at which the run is killed; helm goes on, or is killed with it. */
const MOMENTS: readonly {
  readonly moment: string
  readonly hook: boolean
  readonly seen: (kube: Kube, namespace: string, runDir: string) => Promise<unknown>
}[] = [
  {
    moment: 'helm is about to start',
    hook: false,
    seen: async (_kube, _namespace, runDir) => (await notes(runDir))[0],
  },
  {
    moment: 'helm has started',
    hook: false,
    seen: async (_kube, _namespace, runDir) => (await notes(runDir)).find(({ pid }) => pid !== undefined),
  },
  { moment: 'the release is recorded', hook: false, seen: (kube, ns) => kube.find(secretRef(ns)) },
  { moment: 'a hook runs', hook: true, seen: (kube, ns) => kube.find(jobRef(ns)) },
  {
    moment: 'the first objects are there',
    hook: false,
    seen: (kube, ns) => kube.find({ apiVersion: 'v1', kind: 'ConfigMap', namespace: ns, name: 'echo-filler-1' }),
  },
]

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {
    // It was through before we came.
  }
}

const isRunning = async (pid: number): Promise<boolean> => (await identify(pid)) !== undefined

const CASES = MOMENTS.flatMap((moment) => [
  { ...moment, victim: 'the run alone', withHelm: false },
  { ...moment, victim: 'the run and its helm', withHelm: true },
])

test.each(CASES)(
  'a run killed with -9 converges afterwards: $victim, when $moment',
  async ({ hook, seen, withHelm }) => {
    const { options, helm, kube, namespace, run, runDir } = await world()
    const killRun = startRun(options, echo(namespace, { filler: 40, hook: { enabled: hook, stuck: hook } }))
    await until('the moment', () => seen(kube, namespace, runDir))
    await killRun()
    const pids = (await notes(runDir)).map(({ pid }) => pid).filter((pid) => pid !== undefined)
    if (withHelm) pids.forEach(kill)

    await helm.upgrade(echo(namespace, { filler: 40 }), run)
    const record = (await helm.find('echo', namespace)) ?? expect.fail('no release')
    expect(record.status).toBe('deployed')
    expect(await helm.drift(record, { deep: true })).toEqual([])
    expect(await notes(runDir)).toEqual([])
    expect(await Promise.all(pids.map(isRunning))).not.toContain(true)
  },
)

describe('a release that was left unfinished', () => {
  test('is refused while another helm may be at work, and healed with its history after its timeout', async () => {
    const { helm, kube, namespace, run, lines } = await world()
    await helm.upgrade(echo(namespace), run)
    await leave(kube, namespace, 'pending-upgrade', { begun: new Date() })
    await expect(helm.upgrade(echo(namespace), run)).rejects.toMatchObject({
      code: 'HelmPending',
      message: `release ${namespace}/echo is pending-upgrade (revision 1): another helm may be at work`,
    })
    expect(await helm.find('echo', namespace)).toMatchObject({ status: 'pending-upgrade', revision: 1 })

    await leave(kube, namespace, 'pending-upgrade', { begun: new Date(Date.now() - 3_600_000) })
    await helm.upgrade(echo(namespace), run)
    expect(await helm.find('echo', namespace)).toMatchObject({ status: 'deployed', revision: 2 })
    expect(await kube.find(secretRef(namespace))).toBeDefined()
    expect(lines.join('\n')).toContain('marking revision 1 as failed')
  })

  test('is uninstalled to the end before it is installed again', async () => {
    const { helm, kube, namespace, run, lines } = await world()
    await helm.upgrade(echo(namespace), run)
    await leave(kube, namespace, 'uninstalling', { begun: new Date(Date.now() - 3_600_000) })
    await kube.remove({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'echo' })
    await helm.upgrade(echo(namespace), run)
    expect(await helm.find('echo', namespace)).toMatchObject({ status: 'deployed', revision: 1 })
    expect(lines.join('\n')).toContain('half uninstalled')
  })

  test('an older revision that helm could not mark is superseded by the next one', async () => {
    const { helm, kube, namespace, run } = await world()
    for (const message of ['one', 'two']) await helm.upgrade(echo(namespace, { message }), run)
    await leave(kube, namespace, 'deployed', { begun: new Date() })
    await helm.upgrade(echo(namespace, { message: 'three' }), run)
    const secrets = await kube.list({ apiVersion: 'v1', kind: 'Secret', namespace, labelSelector: 'owner=helm' })
    const told = await Promise.all(
      secrets.map(async ({ metadata, ...rest }) => {
        const release = await decodeRelease((rest as { data?: { release?: string } }).data?.release ?? '')
        return `${release.version} ${metadata.labels?.status} ${release.info.status}`
      }),
    )
    expect(told.sort()).toEqual(['1 superseded superseded', '2 superseded superseded', '3 deployed deployed'])
  })

  test('objects whose release record is lost are taken over again', async () => {
    const { helm, kube, namespace, run } = await world()
    await helm.upgrade(echo(namespace), run)
    await kube.remove(secretRef(namespace))
    await helm.upgrade(echo(namespace, { message: 'again' }), run)
    expect(await helm.find('echo', namespace)).toMatchObject({ status: 'deployed', revision: 1 })
  })
})

describe('an upgrade that is cancelled', () => {
  test('ends helm, and the next one works', async () => {
    const { helm, kube, namespace, run, runDir } = await world()
    const cancel = new AbortController()
    const stuck = echo(namespace, { hook: { enabled: true, stuck: true } })
    const upgrading = helm.upgrade(stuck, { ...run, signal: cancel.signal })
    await until('the hook', () => kube.find(jobRef(namespace)))
    const [note] = await notes(runDir)
    cancel.abort()
    await expect(upgrading).rejects.toThrow()
    expect(() => process.kill(note?.pid ?? expect.fail('no pid was noted'), 0)).toThrow()
    await helm.upgrade(echo(namespace), run)
    expect(await helm.find('echo', namespace)).toMatchObject({ status: 'deployed' })
  })
})

describe('what helm refuses', () => {
  const cases = [
    {
      why: 'an immutable field',
      values: { service: { clusterIP: 'None' } },
      code: 'HelmImmutableField',
      words: /may not change once set|immutable/,
    },
    {
      why: 'an object of somebody else',
      values: { configMap: { name: 'foreign' } },
      code: 'HelmOwnedByOther',
      words: /invalid ownership metadata/,
    },
    {
      why: 'a hook that does not end',
      values: { hook: { enabled: true, stuck: true } },
      code: 'HelmTimeout',
      words: /deadline exceeded|timed out|not ready/,
    },
    { why: 'an object that is no such object', values: { broken: true }, code: 'HelmFailed', words: /expected list/ },
  ]
  for (const { why, values, code, words } of cases) {
    test(`${why} is told as ${code}, with helm's words`, async () => {
      const { helm, kube, namespace, run } = await world()
      await kube.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'foreign', namespace } })
      await helm.upgrade(echo(namespace), run)
      const spec = { ...echo(namespace, values), timeoutMs: 2_000 }
      await expect(helm.upgrade(spec, run)).rejects.toMatchObject({ code, cause: expect.stringMatching(words) })
    })
  }
})
