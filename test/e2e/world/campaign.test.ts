import { expect, test } from 'vitest'
import { Campaign } from './campaign.ts'
import type { Injection } from './faults.ts'
import type { KillPoint } from './kill-points.ts'

const FINAL = 'network-isolation'
const STEPS = ['secrets', 'redis', 'litellm', 'jaeger', FINAL]

/** A run in which each step looks, writes and waits, and helm writes for it where it has a release. */
const PASSED: readonly KillPoint[] = STEPS.flatMap((step) => [
  point(step, 'GET /api/v1/secrets', 'llmgw', 'before'),
  point(step, 'PATCH /api/v1/secrets/x', 'llmgw', 'before'),
  point(step, 'PATCH /api/v1/secrets/z', 'llmgw', 'after'),
  ...(step === FINAL ? [] : [point(step, 'PUT /api/v1/secrets/y', 'helm', 'before')]),
  point(step, 'WATCH GET /api/v1/pods', 'llmgw', 'before'),
])

function point(step: string, operation: string, by: KillPoint['by'], moment: KillPoint['moment']): KillPoint {
  return { api: 'kube', operation, by, step, nth: 1, moment }
}

const ENDS = new Set(['kill -9', 'SIGTERM', 'SIGINT', 'expired'])
const placeOf = ({ point: { step, operation } }: Injection): number =>
  PASSED.findIndex((one) => one.step === step && one.operation === operation)

/** Draws runs of which everything strikes. */
function campaign(seed: number, runs: number): { all: readonly (readonly Injection[])[]; held: Campaign } {
  const held = new Campaign(seed)
  const all = Array.from({ length: runs }, () => {
    const drawn = held.draw(PASSED)
    held.count(drawn)
    return drawn
  })
  return { all, held }
}

test('the same seed draws the same faults, another one others', () => {
  expect(campaign(1, 5).all).toEqual(campaign(1, 5).all)
  expect(campaign(2, 5).all).not.toEqual(campaign(1, 5).all)
})

test('what ends a run comes once, and last; no call meets two', () => {
  for (const drawn of campaign(3, 30).all) {
    const ends = drawn.filter(({ fault }) => ENDS.has(fault))
    expect(ends.length).toBeLessThanOrEqual(1)
    const [end] = ends
    if (end) expect(Math.max(...drawn.map(placeOf))).toBe(placeOf(end))
    expect(new Set(drawn.map(placeOf)).size).toBe(drawn.length)
  }
})

test('pairs of step and fault that have not met come first, until none is left', () => {
  const { held } = campaign(4, 150)
  expect(held.steps).toEqual([...STEPS].sort())
  expect(held.missing).toEqual([])
  expect(held.struck('redis', 'helm killed')).toBeGreaterThan(0)
})

test('what was drawn and never struck is missing, and counts for nothing', () => {
  const held = new Campaign(5)
  for (let run = 0; run < 150; run += 1) held.count(held.draw(PASSED).filter(({ fault }) => fault !== 'SIGINT'))
  expect(held.missing).toEqual(STEPS.map((step) => `${step}: SIGINT`).sort())
  expect(held.struck('redis', 'SIGINT')).toBe(0)
  expect(held.struck('storage', 'SIGINT')).toBeUndefined()
})

test('a step that waits for all others is reached where what fails or ends a run keeps it from all that comes after', () => {
  const held = new Campaign(6)
  const stops = ({ fault, point: { by } }: Injection): boolean =>
    ENDS.has(fault) || ['403 once', 'restart', 'disk full'].includes(fault) || (by === 'helm' && fault !== 'slow')
  for (let run = 0; run < 100; run += 1) {
    const drawn = held.draw(PASSED)
    const end = drawn.findIndex(stops)
    held.count(end === -1 ? drawn : drawn.slice(0, end + 1))
  }
  expect(held.missing).toEqual([])
})
