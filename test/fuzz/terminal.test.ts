import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redacted } from '../../src/cli/redacted.ts'
import { errorLines } from '../../src/cli/render-error.ts'
import type { RunEvent } from '../../src/engine/events.ts'
import { harmless, plainText } from '../../src/ui/harmless.ts'
import { createView, type ViewKind } from '../../src/ui/view.ts'
import { FUZZ } from './settings.ts'
import { text } from './text.ts'

/** Everything but line breaks, tabs and colours that a terminal acts on. */
const ESC = '\u001b'
const ACTS = new RegExp(`[^\\P{Cc}\\n\\t${ESC}]|${ESC}(?!\\[[\\d;]*m)|[\\u202a-\\u202e\\u2066-\\u2069]`, 'u')

const hostileCause = text().map((message) => ({ code: 'HelmFailed', message, evidence: [message], hint: message }))

const events: fc.Arbitrary<readonly RunEvent[]> = fc.tuple(text(), hostileCause).map(([word, cause]) => [
  { type: 'run-started', at: 0, command: 'deploy', steps: [{ id: 'a', title: word, component: 'redis', needs: [] }] },
  { type: 'note', at: 1, level: 'warning', message: word },
  { type: 'step-looked', at: 2, step: 'a', state: 'broken', changes: [], cause },
  { type: 'step-progress', at: 3, step: 'a', line: word },
  { type: 'step-finished', at: 4, step: 'a', outcome: 'failed', elapsedMs: 1, cause },
  { type: 'check-finished', at: 5, check: 'c', component: 'redis', result: 'fail', found: word, hint: word },
])

async function drawn(kind: ViewKind, run: readonly RunEvent[]): Promise<string> {
  const out = new PassThrough()
  const chunks: string[] = []
  out.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  const stderr = Object.assign(out, { columns: 80 })
  const view = createView(kind, { stdout: out, stderr, colors: true, causes: 'full' })
  for (const event of run) view.onEvent(event)
  await view.close()
  await new Promise((resolve) => setImmediate(resolve))
  return chunks.join('')
}

describe('what others wrote', () => {
  it('does nothing to the terminal on which lines are drawn', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (run) => {
        expect(await drawn('plain', run)).not.toMatch(ACTS)
      }),
      FUZZ,
    )
  })

  it('is data in the event stream, each event on its line', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (run) => {
        const lines = (await drawn('ndjson', run)).trimEnd().split('\n')
        expect(lines).toHaveLength(run.length)
        expect(lines.map((line) => (JSON.parse(line) as RunEvent).type)).toEqual(run.map(({ type }) => type))
      }),
      FUZZ,
    )
  })

  it('does nothing as an error', () => {
    fc.assert(
      fc.property(text(), (word) => {
        const lines = errorLines({ exitCode: 1, code: 'HelmFailed', message: word, cause: word, hint: word })
        expect(lines).not.toMatch(ACTS)
      }),
      FUZZ,
    )
  })

  it('can only draw, whatever is written', () => {
    const written: unknown[] = []
    const stream = redacted({ write: (chunk: unknown) => written.push(chunk) } as never) as {
      write(text: string): void
    }
    for (const sequence of ['\u001b]0;t\u0007', '\u001b]52;c;eA==\u0007', '\u001bPq\u001b\\', '\u009b2J', '\u001b[6n'])
      stream.write(sequence)
    expect(written.join('')).not.toMatch(new RegExp(`${ESC}[^[78]|\u009b|${ESC}\\[6n`))
    const drawing = '\u001b[?25l\u001b[2K\u001b[1A\u001b[32mok\u001b[39m\r\u001b[?25h'
    stream.write(drawing)
    expect(written.at(-1)).toBe(drawing)
  })

  it('stays as it is when it is harmless', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (word) => {
        fc.pre(!ACTS.test(word) && !/[\u200b-\u200f\u2060-\u2065\ufeff\u2028\u2029]/.test(word))
        expect([plainText(word), harmless(word, 'colours'), harmless(word, 'drawing')]).toEqual([word, word, word])
      }),
      FUZZ,
    )
  })

  it('stays JSON when it is', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
        expect(JSON.parse(plainText(json))).toEqual(JSON.parse(json))
      }),
      FUZZ,
    )
  })
})
