import { PassThrough } from 'node:stream'
import type { RunEvent, StepInfo } from '../../src/engine/events.ts'
import type { Change } from '../../src/engine/step.ts'

export const STEPS: readonly StepInfo[] = [
  { id: 'namespaces', title: 'Create namespaces', component: 'namespaces', needs: [] },
  {
    id: 'operator',
    title: 'Install the operator',
    component: 'external-secrets',
    needs: [{ edge: 'applied', id: 'namespaces' }],
  },
  {
    id: 'store',
    title: 'Connect the store',
    component: 'external-secrets',
    needs: [{ edge: 'ready', id: 'operator' }],
  },
  { id: 'redis', title: 'Install Redis', component: 'redis', needs: [{ edge: 'applied', id: 'namespaces' }] },
  { id: 'mesh', title: 'Join the mesh', component: 'mesh', needs: [], off: 'no mesh is wanted' },
]

const change: Change = { action: 'create', target: 'helm release redis/redis' }
const at = 1_790_000_000_000

/** A run with one of every event. */
export const EVENTS: readonly RunEvent[] = [
  { at, type: 'run-started', command: 'deploy all', steps: STEPS },
  { at, type: 'note', level: 'warning', message: 'stand-in chart for redis' },
  { at, type: 'look-started' },
  { at, type: 'step-looked', step: 'namespaces', state: 'current', changes: [] },
  { at, type: 'step-looked', step: 'store', state: 'waiting', changes: [], on: ['operator'] },
  { at, type: 'step-looked', step: 'redis', state: 'missing', changes: [change] },
  {
    at,
    type: 'step-looked',
    step: 'operator',
    state: 'broken',
    changes: [],
    cause: {
      code: 'CrashLoop',
      message: 'pod eso-0 crashes',
      evidence: ['panic: no region'],
      hint: 'llmgw plan external-secrets',
    },
  },
  { at, type: 'look-finished', elapsedMs: 812 },
  { at, type: 'step-decided', step: 'namespaces', decision: 'leave', reason: 'as wanted' },
  { at, type: 'step-decided', step: 'redis', decision: 'apply', reason: 'missing' },
  { at, type: 'step-finished', step: 'namespaces', outcome: 'unchanged', elapsedMs: 0 },
  { at, type: 'step-finished', step: 'mesh', outcome: 'off', elapsedMs: 0 },
  { at, type: 'step-started', step: 'redis', phase: 'apply' },
  { at, type: 'step-applied', step: 'redis' },
  { at, type: 'step-started', step: 'redis', phase: 'ready' },
  { at, type: 'step-progress', step: 'redis', line: '1 of 3 pods ready' },
  { at, type: 'step-finished', step: 'redis', outcome: 'done', elapsedMs: 65_400 },
  { at, type: 'step-started', step: 'operator', phase: 'apply' },
  {
    at,
    type: 'step-finished',
    step: 'operator',
    outcome: 'failed',
    elapsedMs: 2_000,
    cause: { code: 'HelmFailed', message: 'helm refused' },
  },
  { at, type: 'step-finished', step: 'store', outcome: 'blocked', elapsedMs: 0, by: ['operator'] },
  {
    at,
    type: 'check-finished',
    check: 'answers PING',
    component: 'redis',
    result: 'fail',
    found: 'no answer',
    hint: 'llmgw status',
  },
  {
    at,
    type: 'run-finished',
    ok: false,
    elapsedMs: 70_000,
    counts: { done: 1, unchanged: 1, failed: 1, blocked: 1, off: 1 },
  },
]

/** A stream that keeps what is written to it. */
export function sink(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough()
  const chunks: string[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  return { stream, text: () => chunks.join('') }
}
