import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { useDeployedSandbox } from './world/deployed.ts'
import { atPoint, describePoint, isTimed, type KillPoint, pointsOf, sample } from './world/kill-points.ts'
import { type Ended, llmgw } from './world/llmgw.ts'
import { currentVersions, expectOneOfEach } from './world/one-of-each.ts'
import { secretsFile } from './world/secrets-file.ts'
import { throughProxies } from './world/through-proxies.ts'

/** A sample that CI has time for. All points: `LLMGW_TEST_KILLS=1000 npx vitest run test/e2e/kill.test.ts`. */
const SIZE = Number(process.env.LLMGW_TEST_KILLS ?? 8)
const SEED = Number(process.env.LLMGW_TEST_SEED ?? 1)
const SPARES = 4

const sandbox = useDeployedSandbox('e2e-kill', { deploy: false })
let all: readonly KillPoint[] = []
let points: readonly KillPoint[] = []
/** For points that a run may pass by: waits that every run is likely to need, in an order that follows from the seed. */
let spares: readonly KillPoint[] = []
let killed = 0

async function deployThroughProxies(point?: KillPoint): Promise<{ ended: Ended; passed: readonly KillPoint[] }> {
  let kill = (): void => undefined
  const hooks = point ? { [point.api]: atPoint(point, () => kill()) } : {}
  const proxied = await throughProxies(sandbox.connection, hooks)
  try {
    const ended = await llmgw(
      ['deploy', 'all', '--config', proxied.config, '--secrets-file', await secretsFile(sandbox.connection.dir)],
      {
        env: { ...sandbox.env, ...proxied.env, PATH: pathWithHelm(), INTERACTIVE_MODE: 'false' },
        started: (child) => {
          kill = () => child.kill('SIGKILL')
        },
      },
    )
    return { ended, passed: pointsOf(proxied.calls()) }
  } finally {
    // Only now: a helm that outlived the run is still talking through the proxy, and is cut off here at the latest.
    await proxied.close()
  }
}

const pathWithHelm = (): string => `${join(sandbox.connection.helm, '..')}:${sandbox.env.PATH}`

async function wipe(): Promise<void> {
  const gone = await sandbox.run('destroy all --yes --confirm llmgw --purge-secrets --delete-crds --delete-volumes')
  if (gone.code !== 0) throw new Error(`destroy ended with ${gone.code}:\n${gone.output}`)
}

/** Kills a run from nothing at the point, or at a spare where the point depends on the clock. @returns where */
async function killedAt(point: KillPoint): Promise<KillPoint> {
  for (const candidate of isTimed(point) ? [point, ...spares] : [point]) {
    await wipe()
    const { ended } = await deployThroughProxies(candidate)
    if (ended.signal === 'SIGKILL') return candidate
    expect(ended.code, `${describePoint(candidate)} was not reached:\n${ended.output}`).toBe(0)
  }
  return expect.fail(`no run was killed: neither ${describePoint(point)} nor a spare was reached`)
}

beforeAll(async () => {
  await wipe()
  const { ended, passed } = await deployThroughProxies()
  expect(ended.code, ended.output).toBe(0)
  all = passed
  points = sample(passed, SIZE, SEED)
  spares = sample(
    passed.filter((point) => isTimed(point) && point.nth === 1),
    SPARES,
    SEED + 1,
  )
  expect(points.length).toBeGreaterThanOrEqual(Math.min(SIZE, 8))
})

describe.sequential(`killed at ${SIZE} points (seed ${SEED}), then deployed again`, () => {
  test.each(Array.from({ length: SIZE }, (_, index) => index))('point %i', async (index) => {
    const point = points[index]
    if (!point) return expect(index).toBeGreaterThanOrEqual(points.length)
    const at = await killedAt(point)
    killed += 1
    const before = await currentVersions(sandbox.at)
    const again = await deployThroughProxies()
    expect(again.ended.code, `killed ${describePoint(at)}\n${again.ended.output}`).toBe(0)
    expect(await currentVersions(sandbox.at)).toMatchObject(before)
    await expectOneOfEach(sandbox.at)
  })
})

test('every one of those runs was killed', () => {
  expect(killed).toBe(Math.min(SIZE, points.length))
})

test('the run was seen whole: own writes, those of helm, and waits', async () => {
  expect(all.some(({ by }) => by === 'helm')).toBe(true)
  expect(all.some(({ by, api }) => by === 'llmgw' && api === 'aws')).toBe(true)
  expect(all.some(({ operation }) => operation.startsWith('WATCH'))).toBe(true)
})
