import { expect, test } from 'vitest'
import type { Fault, Injection } from './faults.ts'
import type { Ended } from './llmgw.ts'
import { objection } from './verdict.ts'

const met = (...faults: readonly Fault[]): readonly Injection[] =>
  faults.map((fault) => ({
    fault,
    point: { api: 'kube', operation: 'GET /version', by: 'llmgw', step: 'run', nth: 1, moment: 'before' },
  }))

const ended = (how: number | NodeJS.Signals, output = ''): Ended => {
  const signal = typeof how === 'string' ? how : null
  return { code: typeof how === 'number' ? how : null, signal, stdout: '', stderr: output, output }
}

test.each<readonly [string, readonly Fault[], Ended]>([
  ['a run that met nothing goes through', [], ended(0)],
  ['a kill', ['429', 'kill -9'], ended('SIGKILL')],
  ['a fault that is named', ['slow', '500'], ended(1, 'error: KubeUnreachable')],
  ['healed', ['cut', 'restart'], ended(0)],
])('%s is right', (_, faults, how) => {
  expect(objection(met(...faults), how)).toBeUndefined()
})

test.each<readonly [string, readonly Fault[], Ended, string]>([
  ['a failure without a fault', [], ended(1), 'nothing struck'],
  ['a code that no fault gives', ['429', 'SIGTERM'], ended(2), 'none of what struck'],
  ['a failure after what every run survives', ['slow'], ended(1, 'error: KubeUnreachable'), 'none of what struck'],
  ['a failure that names nothing', ['500'], ended(1, 'error: something'), 'names no cause'],
  ['the cause of another fault', ['SIGINT', 'helm killed'], ended(1, 'error: AwsThrottled'), 'names no cause'],
  ['death by a signal that nobody sent', ['429'], ended('SIGSEGV'), 'none of what struck'],
])('%s is wrong', (_, faults, how, why) => {
  expect(objection(met(...faults), how)).toContain(why)
})
