import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { atPoint, describePoint, type KillPoint, pointsOf, sample } from './world/kill-points.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { REMOTE_SECRETS, ROLES } from './world/platform.ts'
import { throughProxies } from './world/through-proxies.ts'

/** All points: `LLMGW_TEST_KILLS=1000 npx vitest run test/e2e/kill.test.ts`. */
const SIZE = Number(process.env.LLMGW_TEST_KILLS ?? 20)
const SEED = Number(process.env.LLMGW_TEST_SEED ?? 1)

const sandbox = useDeployedSandbox('e2e-kill', { deploy: false })
let all: readonly KillPoint[] = []
let points: readonly KillPoint[] = []

async function deployThroughProxies(point?: KillPoint): Promise<{ ended: Ended; passed: readonly KillPoint[] }> {
  let kill = (): void => undefined
  const hooks = point ? { [point.api]: atPoint(point, () => kill()) } : {}
  const proxied = await throughProxies(sandbox.connection, hooks, { storage: { manage: 'create' } })
  try {
    const ended = await llmgw(['deploy', 'all', '--config', proxied.config, '--secrets-file', await secretsFile()], {
      env: { ...sandbox.env, ...proxied.env, PATH: pathWithHelm(), INTERACTIVE_MODE: 'false' },
      started: (child) => {
        kill = () => child.kill('SIGKILL')
      },
    })
    return { ended, passed: [...pointsOf('aws', proxied.aws.seen), ...pointsOf('kube', proxied.kube.seen)] }
  } finally {
    // Only now: a helm that outlived the run is still talking through the proxy, and is cut off here at the latest.
    await proxied.close()
  }
}

const pathWithHelm = (): string => `${join(sandbox.connection.helm, '..')}:${sandbox.env.PATH}`

async function secretsFile(): Promise<string> {
  const file = join(sandbox.connection.dir, 'provided.env')
  await writeFile(
    file,
    [
      'litellm-database-url=postgresql://litellm:kill-test-password@db.invalid:5432/litellm',
      'oidc-client-id=kill-test-client',
      'oidc-client-secret=kill-test-client-secret',
      'oidc-provider-url=https://login.invalid/.well-known/openid-configuration',
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  return file
}

async function wipe(): Promise<void> {
  const gone = await sandbox.run('destroy all --yes --confirm llmgw --purge-secrets --delete-crds --delete-volumes')
  if (gone.code !== 0) throw new Error(`destroy ended with ${gone.code}:\n${gone.output}`)
}

async function currentVersions(): Promise<Record<string, string>> {
  const metas = await Promise.all(REMOTE_SECRETS.map((name) => sandbox.at.aws.secretsManager.describe(name)))
  return Object.fromEntries(
    REMOTE_SECRETS.flatMap((name, index) => {
      const versions = Object.keys(metas[index]?.versions ?? {})
      return versions.length === 0 ? [] : [[name, versions.join(' ')]]
    }),
  )
}

async function expectOneOfEach(): Promise<void> {
  const releases = await sandbox.at.kube.list({ apiVersion: 'v1', kind: 'Secret', labelSelector: 'owner=helm' })
  const deployed = releases.filter(({ metadata }) => metadata.labels?.status === 'deployed')
  expect(deployed.map(({ metadata }) => metadata.labels?.name).sort()).toEqual(['external-secrets', 'redis'])
  expect(releases.filter(({ metadata }) => metadata.labels?.status?.startsWith('pending'))).toEqual([])
  for (const role of ROLES) expect(Object.keys((await sandbox.at.aws.iam.findRole(role))?.inline ?? {})).toHaveLength(1)
  const versions = await currentVersions()
  expect(Object.keys(versions).sort()).toEqual([...REMOTE_SECRETS].sort())
  for (const ids of Object.values(versions)) expect(ids.split(' ')).toHaveLength(1)
}

beforeAll(async () => {
  await wipe()
  const { ended, passed } = await deployThroughProxies()
  expect(ended.code, ended.output).toBe(0)
  all = passed
  points = sample(passed, SIZE, SEED)
  expect(points.length).toBeGreaterThanOrEqual(Math.min(SIZE, 20))
})

describe.sequential(`killed at ${SIZE} points (seed ${SEED}), then deployed again`, () => {
  test.each(Array.from({ length: SIZE }, (_, index) => index))('point %i', async (index) => {
    const point = points[index]
    if (!point) return expect(index).toBeGreaterThanOrEqual(points.length)
    await wipe()
    const { ended } = await deployThroughProxies(point)
    expect(ended.signal, `${describePoint(point)} was not reached:\n${ended.output}`).toBe('SIGKILL')
    const before = await currentVersions()
    const again = await deployThroughProxies()
    expect(again.ended.code, `killed ${describePoint(point)}\n${again.ended.output}`).toBe(0)
    expect(await currentVersions()).toMatchObject(before)
    await expectOneOfEach()
  })
})

test('the run was seen whole: own writes, those of helm, and waits', async () => {
  expect(all.some(({ by }) => by === 'helm')).toBe(true)
  expect(all.some(({ by, api }) => by === 'llmgw' && api === 'aws')).toBe(true)
  expect(all.some(({ operation }) => operation.startsWith('WATCH'))).toBe(true)
})
