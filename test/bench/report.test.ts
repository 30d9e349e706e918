import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { plot } from '../../bench/plot.ts'
import { median, tables, writeInto } from '../../bench/report.ts'
import type { Result } from '../../bench/scenarios.ts'

const result = (contender: Result['contender'], wallS: number, more: Partial<Result> = {}): Result => ({
  contender,
  scenario: 'nothing',
  latencyMs: 0,
  code: 0,
  wallS,
  cpuS: 1,
  peakMiB: 100,
  largestMiB: 60,
  processes: 3,
  requests: 40,
  bytes: 2048,
  ...more,
})

it.each([
  [[3, 1, 2], 2],
  [[4, 1], 2.5],
  [[7], 7],
])('the median of %j is %d', (values, middle) => expect(median(values)).toBe(middle))

describe('a table', () => {
  const results = [
    result('llmgw', 1),
    result('llmgw', 2),
    result('llmgw', 3),
    result('sequence', 20),
    result('sequence', 30),
  ]

  it('tells ratios of medians, and what the runs would bear', () => {
    const text = tables(results, 2)
    expect(text).toContain('Medians of 2 to 3 runs, with least and most, on 2 cores.')
    expect(text).toContain('### nothing to do, 0 ms added to each request')
    expect(text).toContain(
      '| script, one after the other | 25.0 (20.0–30.0) | 12.5 (6.7–30.0) | 1.0 | 3 | 40 | 2 | 100 | 60 | – | 0 |',
    )
    expect(text).toContain('| llmgw | 2.0 (1.0–3.0) | 1 |')
    expect(text).not.toContain('helmfile')
  })

  it('says when there was one run each, and when there was none', () => {
    expect(tables([result('llmgw', 1), result('sequence', 20)], 2)).toContain('One run each, on 2 cores.')
    expect(tables([], 2)).toBe('Nothing was measured.')
  })

  it('says what went wrong, once', () => {
    const failed = result('helmfile', 9, { code: 1, complaint: 'another operation is in progress' })
    const text = tables([...results, failed, failed], 2)
    expect(text.match(/- helmfile: `another operation is in progress`/g)).toHaveLength(1)
  })

  it('stands between its marks in a page, whatever stood there', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'llmgw-bench-'))
    const page = join(dir, 'page.md')
    await writeFile(page, 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n')
    await writeInto(page, 'new', 'bench')
    expect(await readFile(page, 'utf8')).toBe('before\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nafter\n')
    await writeFile(page, 'no marks')
    await expect(writeInto(page, 'new', 'bench')).rejects.toThrow('has no place for the tables')
    await rm(dir, { recursive: true })
  })

  it('is drawn, a bar for each contender', () => {
    const svg = plot(results)
    expect(svg.match(/<rect [^>]*fill="#2f9e5b"/g)).toHaveLength(2)
    expect(svg).toContain('25.0 s')
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})
