import { expect, test } from 'vitest'
import { atPoint, type KillPoint } from './kill-points.ts'
import type { Seen } from './recording-proxy.ts'

const createRole = (): Seen => ({
  method: 'POST',
  path: '/',
  operation: 'CreateRole',
  userAgent: 'llmgw',
  authorization: '',
  body: 'RoleName=llmgw-sandbox-gateway',
  write: true,
  at: 0,
})

function firings(
  point: Pick<KillPoint, 'nth' | 'moment'>,
  steps: readonly (readonly ['before' | 'after', Seen])[],
): number {
  let fired = 0
  const hooks = atPoint({ api: 'aws', operation: 'CreateRole', by: 'llmgw', step: 'irsa-gateway', ...point }, () => {
    fired += 1
  })
  for (const [moment, seen] of steps) hooks[moment](seen)
  return fired
}

test('an answer counts for its own call when calls overlap', () => {
  const [one, two] = [createRole(), createRole()]
  const overlapping = [
    ['before', one],
    ['before', two],
    ['after', one],
    ['after', two],
  ] as const
  expect(firings({ nth: 1, moment: 'after' }, overlapping.slice(0, 2))).toBe(0)
  expect(firings({ nth: 1, moment: 'after' }, overlapping.slice(0, 3))).toBe(1)
  expect(firings({ nth: 2, moment: 'after' }, overlapping.slice(0, 3))).toBe(0)
  expect(firings({ nth: 2, moment: 'after' }, overlapping)).toBe(1)
  expect(firings({ nth: 2, moment: 'before' }, overlapping.slice(0, 2))).toBe(1)
  expect(firings({ nth: 3, moment: 'before' }, overlapping)).toBe(0)
})
