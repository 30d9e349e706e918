import { describe, expect, it } from 'vitest'
import { restartDelays } from '../../../src/sandbox/runtime/backoff.ts'
import type { Condition, ContainerState } from '../../../src/sandbox/runtime/objects.ts'
import { podStatus, type Seen } from '../../../src/sandbox/runtime/status.ts'
import { pod } from './pods.ts'

const NOW = '2026-01-01T00:00:00Z'
const seen = (state: ContainerState, over: Partial<Seen> = {}): Seen => ({
  name: 'proxy',
  image: 'i',
  state,
  restarts: 0,
  ready: false,
  started: false,
  ...over,
})
const running = { running: { startedAt: NOW } }
const ended = (exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: NOW, finishedAt: NOW },
})
const statusOf = (containers: readonly Seen[], spec = {}, init: readonly Seen[] = []) =>
  podStatus(
    pod({ spec }),
    { address: '10.98.1.2', hostAddress: '127.0.0.1', startTime: NOW, init, containers },
    NOW,
  ) as { readonly phase: string; readonly conditions: readonly Condition[] }
const condition = (status: { readonly conditions: readonly Condition[] }, type: string) =>
  status.conditions.find((one) => one.type === type)

describe('the status of a Pod', () => {
  it('is Running and ready only when every container is', () => {
    const ready = statusOf([seen(running, { ready: true })])
    expect([ready.phase, condition(ready, 'Ready')?.status]).toEqual(['Running', 'True'])
    const half = statusOf([seen(running, { ready: true }), seen(running, { name: 'sidecar' })])
    expect(condition(half, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [sidecar]',
    })
  })

  it('is Pending while a container was never started, and Running while it waits for its next start', () => {
    expect(statusOf([seen({ waiting: { reason: 'CreateContainerConfigError' } })]).phase).toBe('Pending')
    const crashed = seen({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: ended(1) })
    expect(statusOf([crashed]).phase).toBe('Running')
  })

  it('waits for init containers', () => {
    const waiting = statusOf([seen({ waiting: { reason: 'PodInitializing' } })], {}, [seen(running, { name: 'init' })])
    expect([waiting.phase, condition(waiting, 'Initialized')?.message]).toEqual([
      'Pending',
      'containers with incomplete status: [init]',
    ])
  })

  it('of a Job ends as its container did', () => {
    expect(statusOf([seen(ended(0))], { restartPolicy: 'Never' }).phase).toBe('Succeeded')
    expect(statusOf([seen(ended(1))], { restartPolicy: 'Never' }).phase).toBe('Failed')
    expect(statusOf([seen(ended(1))], { restartPolicy: 'OnFailure' }).phase).toBe('Running')
  })
})

describe('restarts', () => {
  it('are immediate once, then 10 s apart, doubling up to 5 minutes; ten good minutes are rewarded', () => {
    const delays = restartDelays()
    const seconds = [...Array(8)].map(() => delays.next(0) / 1000)
    expect(seconds).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
    expect(delays.next(600_000)).toBe(0)
  })
})
