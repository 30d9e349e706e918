import { describe, expect, it } from 'vitest'
import { fieldLines } from '../../src/ui/field-lines.ts'
import { createPaint } from '../../src/ui/paint.ts'

const style = { paint: createPaint(false), width: 200 }
const common = 'a line that stays as it is\n'.repeat(20)
const long = { path: 'data.x', before: `${common}old\n`, after: `${common}new\n` }

describe('fields of a change', () => {
  it('in short, show a long text from the line that differs', () => {
    const lines = fieldLines([long], style, { indent: 2, detail: 'short' })
    expect(lines).toEqual(['  data.x: …old\\n -> …new\\n'])
  })

  it('in full, show a text as a diff', () => {
    const text = fieldLines([long], style, { indent: 2, detail: 'full' }).join('\n')
    expect(text).toMatch(/^ {4}-old$/m)
    expect(text).toMatch(/^ {4}\+new$/m)
  })

  it('in short, are summed up where they are many; in full, none is left out', () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ path: `spec.f${index}`, after: String(index) }))
    const short = fieldLines(many, style, { indent: 0, detail: 'short' })
    expect([short.length, short.at(-1)]).toEqual([41, 'and 10 more fields'])
    expect(fieldLines(many, style, { indent: 0, detail: 'full' })).toHaveLength(50)
  })

  it('say who makes them differ, and do not move the cursor', () => {
    const field = { path: 'a', before: '\u001b[2Jx', after: 'y', by: 'others' as const }
    expect(fieldLines([field], style, { indent: 0, detail: 'short' })).toEqual([
      'a: \\u001b[2Jx -> y  [changed by others]',
    ])
  })
})
