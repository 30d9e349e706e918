import { afterEach, describe, expect, test } from 'vitest'
import { acquireLock, type Lock } from '../../../src/adapters/lock/acquire-lock.ts'
import { PreflightError } from '../../../src/errors.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'
import { manualClock } from './manual-clock.ts'

const LEASE = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'llmgw-main', namespace: 'kube-system' }
const held: Lock[] = []
/** A process of another host, of which nothing can be told, and one of this host that has ended. */
const ELSEWHERE = '0123456789ab.4711.1'
const GONE = 'ba9876543210.4711.1'
const isGone = async (run: string): Promise<boolean> => run === GONE

afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release()
})

function world() {
  const kube = fakeKube({ strict: true })
  const clock = manualClock()
  const lines: string[] = []
  const acquire = async (
    holder: string,
    { signal = new AbortController().signal, run = ELSEWHERE }: { signal?: AbortSignal; run?: string } = {},
  ): Promise<Lock> => {
    const command = 'llmgw deploy all'
    const report = (line: string) => void lines.push(line)
    const lock = await acquireLock({ kube, clock, deployment: 'main', holder, command, run, isGone, signal, report })
    held.push(lock)
    return lock
  }
  const holderNow = async () =>
    ((await kube.find(LEASE))?.spec as { holderIdentity?: string } | undefined)?.holderIdentity
  return { kube, clock, acquire, holderNow, lines }
}

/** How a promise ends while the clock moves on. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'done',
    (error: unknown) => error,
  )
}

describe('lock', () => {
  test('is free, held with its holder named in the lease, and free again', async () => {
    const { acquire, holderNow } = world()
    const lock = await acquire('ann@here pid 1 aaaa')
    expect(await holderNow()).toBe('ann@here pid 1 aaaa')
    expect(() => lock.assertHeld()).not.toThrow()
    await lock.release()
    expect(await holderNow()).toBeUndefined()
    await acquire('bob@there pid 2 bbbb')
    expect(await holderNow()).toBe('bob@there pid 2 bbbb')
  })

  test('of a holder who renews is refused, naming holder, command and since when', async () => {
    const { acquire, clock } = world()
    await acquire('ann')
    const second = outcome(acquire('bob'))
    await clock.advance(6_000)
    expect(await second).toMatchObject({
      code: 'Locked',
      exitCode: 6,
      message: expect.stringMatching(/locked by ann with "llmgw deploy all" since 2026-01-01T/),
    })
  })

  test('of a dead holder is taken over after a whole lease of silence, and not before', async () => {
    const { kube, clock, acquire, holderNow, lines } = world()
    kube.seed({
      ...{ apiVersion: LEASE.apiVersion, kind: LEASE.kind, metadata: { name: LEASE.name, namespace: LEASE.namespace } },
      // An hour in the future on the clock of the dead machine: clocks are not compared.
      spec: { holderIdentity: 'dead', renewTime: '2026-01-01T01:00:00.000000Z', leaseDurationSeconds: 15 },
    })
    const taking = acquire('bob')
    await clock.advance(14_500)
    expect(await holderNow()).toBe('dead')
    await clock.advance(1_000)
    const lock = await taking
    expect(await holderNow()).toBe('bob')
    expect(lines.join()).toContain('held by dead')
    // The time spent on watching the dead one is not ours: the lock is fresh.
    expect(() => lock.assertHeld()).not.toThrow()
    expect(lock.lost.aborted).toBe(false)
  })

  test('of a process that is gone from this host is taken over at once', async () => {
    const { acquire, holderNow, lines } = world()
    await acquire('ann', { run: GONE })
    await acquire('bob')
    expect(await holderNow()).toBe('bob')
    expect(lines).toEqual(['the lock is held by ann, whose process is gone from this machine: taking over'])
  })

  test('is not taken from a holder whose predecessor is dead, when it has left the mark of that one', async () => {
    const { kube, acquire, clock, holderNow } = world()
    await acquire('ann', { run: GONE })
    await kube.patch(LEASE, { spec: { holderIdentity: 'older version' } })
    const second = outcome(acquire('bob'))
    await clock.advance(1_000)
    await kube.patch(LEASE, { spec: { renewTime: '2026-01-01T00:00:01.000000Z' } })
    await clock.advance(1_000)
    expect(await second).toMatchObject({ code: 'Locked' })
    expect(await holderNow()).toBe('older version')
  })

  test('that is given back while we watch is taken at once', async () => {
    const { acquire, clock, holderNow } = world()
    const first = await acquire('ann')
    const second = acquire('bob')
    await clock.advance(100)
    await first.release()
    await clock.advance(0)
    await second
    expect(await holderNow()).toBe('bob')
  })

  test('is given to one only of two who see it free at the same time', async () => {
    const { acquire, clock } = world()
    const both = [outcome(acquire('ann')), outcome(acquire('bob'))]
    await clock.advance(6_000)
    const ends = await Promise.all(both)
    expect(ends.filter((end) => end === 'done')).toHaveLength(1)
    expect(ends.filter((end) => end !== 'done')).toEqual([expect.objectContaining({ code: 'Locked' })])
  })

  test('stays ours for as long as it is renewed', async () => {
    const { acquire, clock } = world()
    const lock = await acquire('ann')
    await clock.advance(120_000)
    expect(lock.lost.aborted).toBe(false)
    expect(() => lock.assertHeld()).not.toThrow()
  })

  test('that cannot be renewed is lost before anybody may take it over', async () => {
    const { kube, acquire, clock, holderNow } = world()
    const lock = await acquire('ann')
    await clock.advance(5_500)
    kube.failNext(({ verb }) => verb === 'patch', new PreflightError('KubeUnreachable', 'nobody there'), 1_000)
    await clock.advance(9_000)
    expect(lock.lost.aborted).toBe(false)
    await clock.advance(1_500)
    expect(lock.lost.aborted).toBe(true)
    expect(() => lock.assertHeld()).toThrow(/no longer ours/)
    expect(await holderNow()).toBe('ann')
  })

  test('survives renewals that fail for a moment, and a stranger who annotates the lease', async () => {
    const { kube, acquire, clock } = world()
    const lock = await acquire('ann')
    kube.failNext('patch', new PreflightError('KubeUnreachable', 'nobody there'), 2)
    await clock.advance(8_000)
    const lease = await kube.find(LEASE)
    if (!lease) throw new Error('the lease is not there')
    kube.seed({ ...lease, metadata: { ...lease.metadata, annotations: { note: 'hello' } } })
    await clock.advance(60_000)
    expect(lock.lost.aborted).toBe(false)
  })

  test('taken by somebody else is noticed at the next renewal, and is not given away for them', async () => {
    const { kube, acquire, clock, holderNow } = world()
    const lock = await acquire('ann')
    await kube.patch(LEASE, { spec: { holderIdentity: 'thief' } })
    await clock.advance(5_500)
    expect(lock.lost.reason).toMatchObject({ code: 'LockLost', message: expect.stringContaining('thief') })
    await lock.release()
    expect(await holderNow()).toBe('thief')
  })

  test('is not waited for once the signal aborts', async () => {
    const { acquire, clock } = world()
    await acquire('ann')
    const controller = new AbortController()
    const waiting = outcome(acquire('bob', { signal: controller.signal }))
    await clock.advance(100)
    const reason = new Error('cancelled')
    controller.abort(reason)
    expect(await waiting).toBe(reason)
  })
})
