import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../src/engine/events.ts'
import { registerSecret } from '../../src/secret.ts'
import type { ViewOptions } from '../../src/ui/run-view.ts'
import { createView, type ViewKind } from '../../src/ui/view.ts'
import { EVENTS, sink } from './events.ts'

async function drawn(kind: ViewKind, events: readonly RunEvent[], options: Partial<ViewOptions> = {}) {
  const [stdout, stderr] = [sink(), sink()]
  const view = createView(kind, {
    stdout: stdout.stream,
    stderr: stderr.stream,
    colors: false,
    causes: 'full',
    ...options,
  })
  for (const event of events) view.onEvent(event)
  await view.close()
  return { stdout: stdout.text(), stderr: stderr.text() }
}

const ESCAPE = '\u001b['

describe('the plain view', () => {
  it('writes one stable line per event to standard error', async () => {
    const { stdout, stderr } = await drawn('plain', EVENTS)
    expect(stdout).toBe('')
    expect(stderr).toMatchInlineSnapshot(`
      "deploy all: 4 steps
      warning: stand-in chart for redis
      looking at what is there
      namespaces: current
      store: waiting, for operator
      redis: missing, 1 change
      operator: broken
        pod eso-0 crashes (CrashLoop)
        | panic: no region
        hint: llmgw plan external-secrets
      looked in 0.8 s
      redis: to apply: missing
      redis: applying
      redis: applied
      redis: waiting until it is usable
      redis: 1 of 3 pods ready
      redis: done in 1 min 5 s
      operator: applying
      operator: failed in 2.0 s
        helm refused (HelmFailed)
      store: blocked by operator
      redis: answers PING: fail: no answer
        hint: llmgw status
      not finished in 1 min 10 s: 1 done, 1 unchanged, 1 failed, 1 blocked
      "
    `)
  })

  it('keeps a cause to its line where a text result tells the whole of it', async () => {
    const { stderr } = await drawn('plain', EVENTS, { causes: 'short' })
    expect(stderr).toContain('operator: broken: pod eso-0 crashes (CrashLoop)\nlooked in')
    expect(stderr).toContain('operator: failed in 2.0 s: helm refused (HelmFailed)\nstore: blocked')
    expect(stderr).not.toContain('panic: no region')
  })

  it('colours only when told', async () => {
    expect((await drawn('plain', EVENTS)).stderr).not.toContain(ESCAPE)
    expect((await drawn('plain', EVENTS, { colors: true })).stderr).toContain(ESCAPE)
  })
})

describe('the NDJSON view', () => {
  it('writes every event with its version to standard output', async () => {
    const { stdout, stderr } = await drawn('ndjson', EVENTS)
    expect(stderr).toBe('')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(EVENTS.map((event) => ({ version: 1, ...event })))
    expect(lines[2]).toBe('{"version":1,"at":1790000000000,"type":"look-started"}')
  })
})

describe('every view', () => {
  const canary = 'canary-"quoted"\\value'
  registerSecret(canary)
  const leaky: readonly RunEvent[] = EVENTS.map((event): RunEvent => {
    if (event.type === 'step-progress') return { ...event, line: `uses ${canary}` }
    if (event.type === 'note') return { ...event, message: `found ${canary}` }
    if (event.type !== 'step-finished' || event.cause === undefined) return event
    return { ...event, cause: { ...event.cause, message: `refused ${canary}` } }
  })

  it.each(['plain', 'ndjson', 'tree'] as const)('%s masks secret values', async (kind) => {
    const { stdout, stderr } = await drawn(kind, leaky)
    const all = stdout + stderr
    expect(all).toContain('***')
    expect(all).not.toContain('canary')
  })
})
