import { describe, expect, test } from 'vitest'
import type { Pod } from '../../src/sandbox/operators/objects.ts'
import { type Backing, podStatus } from '../../src/sandbox/operators/pod-status.ts'

const pod = (changes: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: { nodeName: 'node-a', containers: [{ name: 'main', image: 'i:1' }] },
  ...changes,
})
const crashed: Backing = { state: 'waiting', reason: 'CrashLoopBackOff', message: 'panic' }

/** The pod after the patch, as the API server would keep it. */
function patched(before: Pod, backing: Backing, restarts = 0): Pod {
  const status = podStatus(before, backing, restarts)
  return status === undefined ? before : { ...before, status: status as NonNullable<Pod['status']> }
}
const readiness = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'Ready')?.status

describe('podStatus', () => {
  test('is ready exactly while the process is', () => {
    const ready = patched(pod(), { state: 'ready' })
    expect(readiness(ready)).toBe('True')
    expect(readiness(patched(ready, { state: 'starting' }))).toBe('False')
    const dead = patched(ready, crashed, 1)
    expect(readiness(dead)).toBe('False')
    expect(dead.status).toMatchObject({
      phase: 'Running',
      containerStatuses: [{ restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff', message: 'panic' } } }],
    })
  })

  test('says nothing twice', () => {
    for (const backing of [{ state: 'ready' }, { state: 'starting' }, crashed] as const) {
      expect(podStatus(patched(pod(), backing), backing, 0)).toBeUndefined()
    }
  })

  test('keeps the address and what others said', () => {
    const conditions = [{ type: 'PodScheduled', status: 'True' }]
    const before = pod({ status: { podIP: '10.0.0.7', conditions } })
    expect(patched(before, { state: 'ready' }).status).toMatchObject({
      podIP: '10.0.0.7',
      conditions: [...conditions, { type: 'Initialized' }, { type: 'ContainersReady' }, { type: 'Ready' }],
    })
  })

  test('leaves pods alone that are on no node or on their way out', () => {
    expect(podStatus(pod({ spec: { containers: [] } }), { state: 'ready' }, 0)).toBeUndefined()
    const leaving = pod({ metadata: { name: 'p', namespace: 'n', uid: 'u', deletionTimestamp: 'now' } })
    expect(podStatus(leaving, { state: 'ready' }, 0)).toBeUndefined()
    expect(podStatus(pod(), { state: 'ready' }, 0)).toBeDefined()
  })
})
