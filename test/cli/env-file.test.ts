import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEnvFile } from '../../src/cli/env-file.ts'
import { UsageError } from '../../src/errors.ts'

const pairs = (text: string) => parseEnvFile(text, 'f').map(({ name, value }) => [name, value])

describe('a file of assignments', () => {
  it.each([
    ['A=1', '1'],
    ['export A=1', '1'],
    ['  A = 1  ', '1'],
    ['A="a b"', 'a b'],
    ["A='a $B `c`'", 'a $B `c`'],
    ['A="a\\"b\\\\c\\n"', 'a"b\\c\n'],
    ["A='a\\n'", 'a\\n'],
    ['A=a#b # comment', 'a#b'],
    ['A="a" # comment', 'a'],
    ['A=# only a comment', ''],
    ['A=$(rm -rf /)', '$(rm -rf /)'],
    ['A=a=b=c', 'a=b=c'],
    ['\uFEFFA=1\r\n', '1'],
    ['A="one\ntwo"', 'one\ntwo'],
    ['A=', ''],
  ])('%j', (text, value) => {
    expect(pairs(text)).toEqual([['A', value]])
  })

  it('keeps order and lines, over comments, blank lines and values of several lines', () => {
    const text = '# first\r\n\r\nA="x\r\ny"\r\nB=2\n'
    expect(parseEnvFile(text, 'f')).toEqual([
      { name: 'A', value: 'x\ny', line: 3 },
      { name: 'B', value: '2', line: 5 },
    ])
  })

  it.each([
    ['A', 'f:1 is no line'],
    ['B=1\n=2', 'f:2 is no line'],
    ['A="x', 'f:1 has a quote that is not closed'],
    ["A='x' y", 'f:1 has text behind the closing quote'],
  ])('%j is refused with its place', (text, message) => {
    expect(() => pairs(text)).toThrow(message)
  })

  it('reads any text to its end, or refuses it without showing a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (noise) => {
        try {
          for (const [name] of pairs(`A="planted-canary"\n${noise}`)) expect(name).toMatch(/^[A-Za-z][\w-]*$/)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          expect(String(error)).not.toContain('planted-canary')
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('gives back any value that was quoted, whatever is in it', () => {
    const quote = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (given) => {
        const value = given.replaceAll('\r\n', '\n')
        expect(pairs(`A=${quote(value)} # c\nB='z'`)).toEqual([
          ['A', value],
          ['B', 'z'],
        ])
      }),
      { numRuns: 1000 },
    )
  })
})
