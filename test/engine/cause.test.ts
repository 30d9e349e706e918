import { describe, expect, it } from 'vitest'
import { causeOf } from '../../src/engine/cause.ts'

describe('causeOf', () => {
  const shaped = (fields: object): Error => Object.assign(new Error('redis is not ready'), fields)

  it.each([
    ['a plain error', new Error('x is y'), { code: 'UnexpectedError', message: 'x is y' }],
    ['a text', 'boom', { code: 'UnexpectedError', message: 'boom' }],
    ['nothing', undefined, { code: 'UnexpectedError', message: 'undefined' }],
    [
      'an error of ours',
      shaped({ code: 'NotReady', hint: 'llmgw status' }),
      { code: 'NotReady', message: 'redis is not ready', hint: 'llmgw status' },
    ],
    [
      'a code of the platform',
      shaped({ code: 'ECONNREFUSED' }),
      { code: 'UnexpectedError', message: 'redis is not ready' },
    ],
    [
      'a text as cause',
      shaped({ cause: 'a\n\nb' }),
      { code: 'UnexpectedError', message: 'redis is not ready', evidence: ['a', 'b'] },
    ],
    [
      'lines as cause',
      shaped({ cause: ['a', 'b'] }),
      { code: 'UnexpectedError', message: 'redis is not ready', evidence: ['a', 'b'] },
    ],
    [
      'a chain of causes',
      shaped({ cause: new Error('outer', { cause: new Error('inner') }) }),
      { code: 'UnexpectedError', message: 'redis is not ready', evidence: ['outer', 'inner'] },
    ],
    [
      'a cause with evidence of its own',
      shaped({ evidence: ['own'], cause: { code: 'Crash', message: 'pod crashes', evidence: ['own', 'log line'] } }),
      { code: 'UnexpectedError', message: 'redis is not ready', evidence: ['own', 'pod crashes', 'log line'] },
    ],
  ])('of %s', (_name, thrown, expected) => {
    expect(causeOf(thrown)).toEqual(expected)
  })

  it('ends on a chain that bites its tail', () => {
    const error: Error & { cause?: unknown } = new Error('round')
    error.cause = error
    expect(causeOf(error).evidence).toEqual(['round'])
  })
})
