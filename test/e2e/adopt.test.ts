import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { Secret } from '../../src/secret.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { ROLES } from './world/platform.ts'
import { secretVersions, snapshot } from './world/snapshot.ts'
import { SPINE_SECRETS } from './world/spine.ts'

const sandbox = useDeployedSandbox('e2e-adopt', { deploy: false })
const ci = { INTERACTIVE_MODE: 'false' }
const PASSWORD = 'chosen-by-hand-0123456789'
const REDIS = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'litellm', name: 'redis-redis-ha-server' }
const state = () => snapshot(sandbox.at, { roles: ROLES, secrets: SPINE_SECRETS })

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

/** The pinned Redis chart, unpacked, under another version. */
async function chartAt(version: string): Promise<string> {
  const { mirror } = sandbox.connection.charts
  if (mirror?.kind !== 'directory') throw new Error('the charts of this sandbox are in no folder')
  const home = join(folder, version)
  await mkdir(home)
  const packed = join(mirror.path, 'redis-ha-4.39.0.tgz')
  const unpacked = await execa('tar', ['xzf', packed, '-C', home], { reject: false })
  if (unpacked.failed) await cp(join(mirror.path, 'redis-ha'), join(home, 'redis-ha'), { recursive: true })
  const file = join(home, 'redis-ha', 'Chart.yaml')
  await writeFile(file, stringify({ ...parse(await readFile(file, 'utf8')), version }))
  return join(home, 'redis-ha')
}

/** What must outlive any adoption and any move: volumes by their identity, the password by its value. */
async function kept() {
  const claims = await sandbox.at.kube.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'litellm' })
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace: 'litellm', name: 'redis-credentials' }
  const { data, metadata } = (await sandbox.at.kube.find(secret)) ?? { data: {}, metadata: undefined }
  return {
    claims: claims.map(({ metadata: { name, uid } }) => `${name} ${uid}`).sort(),
    password: atob((data as Record<string, string>)['redis-password'] ?? ''),
    secret: metadata?.uid,
  }
}

describe.sequential('a platform that was installed by hand with other values', () => {
  let before: Awaited<ReturnType<typeof kept>>

  beforeAll(async () => {
    const { kube, aws } = sandbox.at
    await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'litellm' } })
    await kube.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'redis-credentials', namespace: 'litellm' },
      data: { 'redis-password': btoa(PASSWORD) },
    })
    await aws.secretsManager.create({
      name: 'litellm/redis-password',
      value: new Secret(PASSWORD),
      description: 'by hand',
      tags: {},
      token: 'by-hand-0123456789-0123456789-01',
    })
    const values = join(folder, 'values.yaml')
    await writeFile(
      values,
      stringify({
        replicas: 3,
        auth: true,
        existingSecret: 'redis-credentials',
        authKey: 'redis-password',
        hardAntiAffinity: false,
        persistentVolume: { size: '4Gi' },
        redis: { config: { maxmemory: '64mb' } },
        haproxy: { enabled: true, hardAntiAffinity: false },
      }),
    )
    await helm('install', 'redis', await chartAt('4.38.0'), '--namespace', 'litellm', '--values', values, '--wait')
    before = await kept()
    expect([before.claims.length, before.password]).toEqual([3, PASSWORD])
  })

  test('is nobody’s: a deploy refuses it, names it with the way, and changes nothing', async () => {
    const seen = await state()
    const ended = await sandbox.run('deploy all', ci)
    expect(ended.code, ended.output).toBe(3)
    expect(ended.output).toMatch(/redis/)
    expect(ended.output).toContain('--adopt')
    expect(await state()).toEqual(seen)
  })

  test('is shown in the plan as taken over, with both versions of its chart', async () => {
    const ended = await sandbox.run('plan --adopt --exit-code')
    expect(ended.code, ended.output).toBe(4)
    expect(ended.stdout).toMatch(/adopt\s+helm release litellm\/redis/)
    expect(ended.stdout).toContain('4.38.0 -> ')
  })

  test('is taken over, and keeps its volumes, its password and its Secret', async () => {
    const ended = await sandbox.run('deploy all --adopt', ci)
    expect(ended.code, ended.output).toBe(0)
    expect(await kept()).toEqual(before)
    const again = await sandbox.run('deploy all', ci)
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing was changed')])
  })

  test('a chart that somebody moved is moved back, with the same volumes and secrets', async () => {
    const versions = await secretVersions(sandbox.at, SPINE_SECRETS)
    const spec = (await sandbox.at.kube.find(REDIS))?.spec
    expect(spec).toBeDefined()
    await helm('upgrade', 'redis', await chartAt('4.39.1'), '--namespace', 'litellm', '--reuse-values')
    const plan = await sandbox.run('plan --exit-code')
    expect(plan.code, plan.output).toBe(4)
    expect(plan.stdout).toContain('4.39.1 -> ')
    const ended = await sandbox.run('deploy redis', ci)
    expect(ended.code, ended.output).toBe(0)
    expect((await sandbox.run('plan --exit-code')).code).toBe(0)
    expect(await kept()).toEqual(before)
    expect((await sandbox.at.kube.find(REDIS))?.spec).toEqual(spec)
    expect(await secretVersions(sandbox.at, SPINE_SECRETS)).toEqual(versions)
  })
})
