import { expect, it } from 'vitest'
import { criticalPath } from '../../bench/critical-path.ts'

const TIMES = [
  { release: 'external-secrets', seconds: 1 },
  { release: 'redis', seconds: 1 },
  { release: 'litellm', seconds: 2 },
  { release: 'open-webui', seconds: 1 },
]

it('is the longest chain of helms and pods that wait for each other', () => {
  // Operator 1; Redis 1, whose pods nobody waits for; LiteLLM 2, and its pods 8.
  expect(criticalPath(TIMES, {})).toBe(12)
  // Operator 1, Redis 1, and its pods one after the other.
  expect(criticalPath(TIMES, { redis: 4 })).toBe(14)
})

it('leaves out what is done meanwhile, until it takes longer', () => {
  expect(criticalPath([...TIMES, { release: 'jaeger', seconds: 2 }], {})).toBe(12)
  expect(criticalPath([...TIMES, { release: 'jaeger', seconds: 40 }], {})).toBe(43)
})

it('does not guess for a release that it does not know', () => {
  expect(() => criticalPath([{ release: 'other', seconds: 1 }], {})).toThrow('release other')
})
