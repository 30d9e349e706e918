import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { until } from '../sandbox-aws/kube.ts'
import { BY_HAND, otherChart, secretsByHand } from './world/by-hand.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { REMOTE_SECRETS, ROLES, SYNCED } from './world/platform.ts'
import { secretVersions, snapshot } from './world/snapshot.ts'

const sandbox = useDeployedSandbox('e2e-adopt', { deploy: false, platform: 'whole' })
const ci = { INTERACTIVE_MODE: 'false' }
const RELEASES = Object.keys(BY_HAND)
/** Their values follow from secrets that are not taken over yet, so a plan cannot tell. */
const WAITING = ['litellm', 'open-webui']
/** Older packages move every chart; Gatekeeper not, whose webhook refuses what others write while it is replaced. */
const MOVED = process.env.LLMGW_OLDER_CHARTS
  ? RELEASES.filter((release) => release !== 'gatekeeper')
  : ['redis', 'jaeger', 'litellm']
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: REMOTE_SECRETS })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-adopt-'))
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

async function helm(...args: readonly string[]): Promise<void> {
  const { kubeconfig, helm: binary } = sandbox.connection
  const env = { KUBECONFIG: kubeconfig, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder }
  await execa(binary, args, { env })
}

/** Another version of each chart. `npm run test:charts -- DIR OLDER_DIR` gives real older packages. */
const versions = new Map<string, { readonly path: string; readonly version: string }>()
async function otherCharts(): Promise<void> {
  const { mirror } = sandbox.connection.charts
  if (mirror?.kind !== 'directory') throw new Error('the charts of this sandbox are in no folder')
  const charts = { mirror: mirror.path, older: process.env.LLMGW_OLDER_CHARTS || undefined, folder }
  for (const release of RELEASES) versions.set(release, await otherChart(release, charts))
}
const other = (release: string) => versions.get(release) ?? expect.fail(`no other chart of ${release}`)

const REF = { apiVersion: 'v1', kind: 'Secret' }

/** What must outlive any adoption and any move: volumes and Secrets by their identity, values as they were. */
async function kept() {
  const claims = await sandbox.at.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' })
  const secrets = await Promise.all(
    SYNCED.map(({ namespace, name }) => sandbox.at.kube.find({ ...REF, namespace, name })),
  )
  return {
    claims: claims.map(({ metadata: { namespace, name, uid } }) => `${namespace}/${name} ${uid}`).sort(),
    secrets: secrets.map((secret) => [secret?.metadata.name, secret?.metadata.uid, secret?.data]),
  }
}

/** Volumes that were there before are there still; the platform may bring more of its own. */
async function expectKept(before: Awaited<ReturnType<typeof kept>>): Promise<void> {
  const now = await kept()
  expect(now.claims).toEqual(expect.arrayContaining(before.claims))
  expect(now.secrets).toEqual(before.secrets)
}

describe.sequential('a platform that was installed by hand with other values', () => {
  let before: Awaited<ReturnType<typeof kept>>

  beforeAll(async () => {
    await otherCharts()
    await secretsByHand(sandbox.at)
    for (const release of RELEASES) {
      const { namespace, values } = BY_HAND[release] ?? expect.fail(release)
      const file = join(folder, `${release}.yaml`)
      await writeFile(file, stringify(values))
      await helm('install', release, other(release).path, '--namespace', namespace, '--values', file)
    }
    before = await until('every volume bound', async () => {
      const claims = await sandbox.at.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' })
      const bound = claims.filter(({ status }) => (status as { phase?: string } | undefined)?.phase === 'Bound')
      // Three of Redis, one each of Prometheus, Alertmanager, Grafana and Open WebUI.
      return bound.length === 7 ? await kept() : undefined
    })
  })

  test('is nobody’s: a deploy refuses it, names it with the way, and changes nothing', async () => {
    const seen = await state()
    const ended = await sandbox.run('deploy all', ci)
    expect(ended.code, ended.output).toBe(3)
    for (const release of RELEASES) expect(ended.output).toContain(`/${release}`)
    expect(ended.output).toContain('--adopt')
    expect(await state()).toEqual(seen)
  })

  test('is shown in the plan as taken over, each release with both versions of its chart', async () => {
    const ended = await sandbox.run('plan --adopt --exit-code')
    expect(ended.code, ended.output).toBe(4)
    for (const component of ['litellm', 'openwebui'])
      expect(ended.stdout).toMatch(new RegExp(`^${component}\\s+waiting`, 'm'))
    for (const release of RELEASES.filter((one) => !WAITING.includes(one))) {
      const { namespace } = BY_HAND[release] ?? expect.fail(release)
      expect(ended.stdout).toMatch(new RegExp(`adopt\\s+helm release ${namespace}/${release}\\b`))
      expect(ended.stdout).toContain(`${other(release).version} -> `)
    }
  })

  test('is taken over, and keeps its volumes, its Secrets and their values', async () => {
    const ended = await sandbox.run('deploy all --adopt', ci)
    expect(ended.code, ended.output).toBe(0)
    await expectKept(before)
    const plan = await sandbox.run('plan --exit-code')
    expect(plan.code, plan.output).toBe(0)
  })

  test('charts that somebody moved are moved back, with the same volumes and secrets', async () => {
    const remote = await secretVersions(sandbox.at, REMOTE_SECRETS)
    for (const release of MOVED) {
      const { namespace } = BY_HAND[release] ?? expect.fail(release)
      await helm('upgrade', release, other(release).path, '--namespace', namespace, '--reuse-values', '--no-hooks')
    }
    const plan = await sandbox.run('plan --exit-code')
    expect(plan.code, plan.output).toBe(4)
    for (const release of MOVED) expect(plan.stdout).toContain(`${other(release).version} -> `)
    const ended = await sandbox.run('deploy all', ci)
    expect(ended.code, ended.output).toBe(0)
    expect((await sandbox.run('plan --exit-code')).code).toBe(0)
    await expectKept(before)
    expect(await secretVersions(sandbox.at, REMOTE_SECRETS)).toEqual(remote)
  })
})
