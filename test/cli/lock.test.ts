import { describe, expect, it } from 'vitest'
import { fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

const HOLDER = 'ann@build-7 pid 4711 c0ffee'
const LEASE = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'llmgw-llmgw', namespace: 'kube-system' }

function held() {
  const world = fakeWorld()
  const { apiVersion, kind, name, namespace } = LEASE
  world.kube.seed({
    apiVersion,
    kind,
    metadata: { name, namespace, annotations: { 'llmgw.dev/command': 'llmgw deploy all' } },
    spec: {
      holderIdentity: HOLDER,
      acquireTime: '2025-12-31T23:58:00.000000Z',
      renewTime: '2025-12-31T23:59:57.000000Z',
      leaseDurationSeconds: 15,
    },
  })
  const holder = async () =>
    ((await world.kube.find(LEASE))?.spec as { holderIdentity?: string } | undefined)?.holderIdentity
  return { world, holder }
}

describe('lock status', () => {
  it('says that the lock is free', async () => {
    const world = fakeWorld()
    const { code, stdout } = await runCli('lock status', { world })
    expect([code, stdout, world.writes()]).toEqual([0, 'the lock of deployment "llmgw" is free\n', []])
  })

  it('names holder, host, command, since when and the last renewal', async () => {
    const { world } = held()
    const { code, stdout } = await runCli('lock status', { world })
    expect([code, world.writes()]).toEqual([0, []])
    expect(stdout).toMatchInlineSnapshot(`
      "the lock of deployment "llmgw" is held by ann@build-7 pid 4711 c0ffee
        from host     build-7
        with          llmgw deploy all
        since         2025-12-31T23:58:00.000000Z, 2 min 0 s ago by this machine's clock
        last renewal  2025-12-31T23:59:57.000000Z, 3.0 s ago by this machine's clock
      a holder that does not renew it for 15 s is taken for dead: the next run takes over by itself
      "
    `)
  })

  it('tells the same as data', async () => {
    const { stdout } = await runCli('lock status --output json', { world: held().world })
    expect(JSON.parse(stdout)).toMatchObject({
      lock: { deployment: 'llmgw', state: 'held', holder: HOLDER, host: 'build-7', expiresAfterMs: 15_000 },
    })
  })
})

describe('lock release', () => {
  it('has nothing to do where the lock is free', async () => {
    const { code, stdout } = await runCli('lock release --yes --confirm nobody', { world: fakeWorld() })
    expect([code, stdout]).toEqual([0, 'the lock of deployment "llmgw" is free: nothing to release\n'])
  })

  it('is refused where nobody can type the holder and it was not given', async () => {
    const { world, holder } = held()
    for (const flags of ['', ' --yes', ' --confirm ann']) {
      const { code, stderr } = await runCli(`lock release${flags}`, { world })
      expect([code, stderr]).toEqual([2, expect.stringContaining('needs the name of its holder')])
    }
    expect(await holder()).toBe(HOLDER)
  })

  it('is refused with the name of another holder', async () => {
    const { world, holder } = held()
    const { code, stderr } = await runCli('lock release --yes --confirm bob', { world })
    expect([code, stderr]).toEqual([2, expect.stringContaining(`--confirm names "bob", the holder is "${HOLDER}"`)])
    expect(await holder()).toBe(HOLDER)
  })

  it('shows whose it is, has the holder typed, and frees it', async () => {
    const { world, holder } = held()
    const { code, stdout } = await runCli('lock release', { world, keys: [['Type ', `${HOLDER}\r`]] })
    expect(code).toBe(0)
    expect(stdout).toContain(`is held by ${HOLDER}`)
    expect(stdout).toContain(`released; if ${HOLDER} is alive it notices within 5 s`)
    expect(await holder()).toBeUndefined()
  })

  it('changes nothing when something else is typed', async () => {
    const { world, holder } = held()
    const { code } = await runCli('lock release', { world, keys: [['Type ', 'yes\r']] })
    expect([code, await holder()]).toEqual([130, HOLDER])
  })

  it('leaves the lock to whoever took it over in between', async () => {
    const { world, holder } = held()
    const { code, stderr } = await runCli('lock release', {
      world,
      seams: { breakLock: async () => false },
      keys: [['Type ', `${HOLDER}\r`]],
    })
    expect([code, stderr]).toEqual([3, expect.stringContaining('no longer holds the lock, so nothing was released')])
    expect(await holder()).toBe(HOLDER)
  })
})
