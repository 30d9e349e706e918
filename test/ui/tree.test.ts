import type { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import type { RunEvent } from '../../src/engine/events.ts'
import type { View } from '../../src/ui/run-view.ts'
import { createView } from '../../src/ui/view.ts'
import { EVENTS, STEPS, sink } from './events.ts'

const SHOW_CURSOR = '\u001b[?25h'
const GREEN = '\u001b[32m'

const ERASE_AND_UP = '\u001b[2K\u001b[1A'

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const FRAME_START = /(\u001b\[2K\u001b\[1A)+/g

const sized = (stream: PassThrough, columns: number) => Object.assign(stream, { columns })
const linesOf = (text: string): readonly string[] => stripVTControlCharacters(text).split('\n')

async function start(view: View, line: string): Promise<void> {
  const at = Date.now()
  view.onEvent({ at, type: 'run-started', command: 'deploy all', steps: STEPS })
  view.onEvent({ at, type: 'step-started', step: 'redis', phase: 'apply' })
  view.onEvent({ at, type: 'step-progress', step: 'redis', line })
  await new Promise((resolve) => setTimeout(resolve, 150))
}

async function finalScreen(events: readonly RunEvent[], colors = false) {
  const { stream, text } = sink()
  const view = createView('tree', { stdout: sink().stream, stderr: stream, colors, causes: 'short' })
  for (const event of events) {
    view.onEvent(event)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await view.close()
  return { raw: text(), lines: stripVTControlCharacters(text()).split('\n') }
}

describe('the tree', () => {
  it('ends with rows by component, what failed, and lines for what came after', async () => {
    const { lines } = await finalScreen(EVENTS)
    expect(lines.slice(lines.lastIndexOf('⚠ external-secrets')).join('\n')).toMatchInlineSnapshot(`
      "⚠ external-secrets
        ✖ Install the operator  failed, 2.0 s
          › helm refused
        ✖ Connect the store  blocked by operator
      ✔ redis  done, 1 min 5 s
      redis: answers PING: fail: no answer
        hint: llmgw status
      "
    `)
  })

  it('gives the terminal back: cursor shown, no colour unless told', async () => {
    const plain = await finalScreen(EVENTS)
    expect(plain.raw).toContain(SHOW_CURSOR)
    expect(plain.raw).not.toContain(GREEN)
    expect((await finalScreen(EVENTS, true)).raw).toContain(GREEN)
  })

  it('ends well when the run breaks off', async () => {
    const cut = EVENTS.slice(0, EVENTS.findIndex((event) => event.type === 'step-progress') + 1)
    const { raw, lines } = await finalScreen(cut)
    expect(raw.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(0)
    expect(lines.some((line) => line.includes('redis'))).toBe(true)
  })

  it('keeps the tick of what is done while others go on', async () => {
    const { stream, text } = sink()
    const view = createView('tree', { stdout: sink().stream, stderr: stream, colors: false, causes: 'short' })
    const at = Date.now()
    view.onEvent({ at, type: 'run-started', command: 'deploy all', steps: STEPS })
    view.onEvent({ at, type: 'step-started', step: 'redis', phase: 'apply' })
    view.onEvent({ at, type: 'step-finished', step: 'redis', outcome: 'done', elapsedMs: 500 })
    await vi.waitFor(() => expect(text()).toContain('✔ redis'))
    view.onEvent({ at, type: 'step-started', step: 'operator', phase: 'apply' })
    const before = text().length
    await vi.waitFor(() => expect(text().slice(before)).toContain('redis  done'))
    expect(stripVTControlCharacters(text().slice(before))).toContain('✔ redis  done')
    await view.close()
  })

  it('says what is waited for', async () => {
    const at = Date.now()
    const { lines } = await finalScreen([
      { at, type: 'run-started', command: 'deploy all', steps: STEPS },
      { at, type: 'step-started', step: 'namespaces', phase: 'apply' },
    ])
    expect(lines.some((line) => line.includes('redis  waits for namespaces'))).toBe(true)
  })

  it.each([40, 80, 160])('keeps to %i columns of its own stream, whatever standard output has', async (columns) => {
    const { stream, text } = sink()
    const view = createView('tree', {
      stdout: sink().stream,
      stderr: sized(stream, columns),
      colors: true,
      causes: 'short',
    })
    await start(
      view,
      'a line of progress that is much longer than the hundred and sixty columns of a really wide terminal, so that it has to be cut off somewhere near its end in every one of them',
    )
    await view.close()
    const widths = linesOf(text()).map((line) => line.length)
    expect(Math.max(...widths)).toBe(columns)
  })

  it('follows the terminal when it gets narrower, and wipes out what the terminal wrapped', async () => {
    const { stream, text } = sink()
    const screen = sized(stream, 120)
    const view = createView('tree', { stdout: sink().stream, stderr: screen, colors: false, causes: 'short' })
    await start(view, `${'long '.repeat(18)}end`)
    await vi.waitFor(() => expect(text()).toMatch(/long end/))
    const before = text().length
    screen.columns = 50
    await vi.waitFor(() => expect(text().slice(before)).toMatch(/(long …[\s\S]*){2}/))
    await view.close()
    const after = text().slice(before)
    expect(Math.max(...linesOf(after).map((line) => line.length))).toBe(50)
    // One line of 96 columns became two of 50: one more to erase than was drawn, once.
    const [first = 0, second = 0] = [...after.matchAll(FRAME_START)].map(([ups]) => ups.length / ERASE_AND_UP.length)
    expect(first).toBe(second + 1)
  })

  it('draws nothing when nothing is started', async () => {
    const at = 1_790_000_000_000
    const { raw } = await finalScreen([
      { at, type: 'run-started', command: 'deploy all', steps: STEPS },
      { at, type: 'look-finished', elapsedMs: 700 },
      { at, type: 'step-finished', step: 'namespaces', outcome: 'unchanged', elapsedMs: 0 },
      { at, type: 'run-finished', ok: true, elapsedMs: 700, counts: { unchanged: 4 } },
    ])
    expect(raw).toBe('looked in 0.7 s\n')
  })
})
