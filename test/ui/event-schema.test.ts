import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import type { ErrorEvent, RunEvent } from '../../src/engine/events.ts'
import { eventJsonSchema, type eventLine } from '../../src/ui/event-schema.ts'
import { runCli } from '../cli/run-cli.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { EVENTS } from './events.ts'

type Line = { readonly version: 1 } & (RunEvent | ErrorEvent)
type Described = z.infer<typeof eventLine>
// Both directions compile only while the schema says exactly what the engine's types say.
const toSchema = (line: Line): Described => line
const toEvent = (line: Described): Line => line

const ajv = new Ajv2020({ allErrors: true })
const exact = ajv.compile(eventJsonSchema('exact'))
const published = ajv.compile(eventJsonSchema('published'))

/** Lines that do not fit, with what is wrong with them. */
function misfits(stdout: string): readonly unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
    .filter((line) => !exact(line) || !published(line))
    .map((line) => ({ line, errors: [...(exact.errors ?? []), ...(published.errors ?? [])] }))
}

describe('the schema of the event stream', () => {
  it('is published as it is: npm run schema', async () => {
    const file = new URL('../../docs/events.schema.json', import.meta.url)
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(eventJsonSchema('published'))
  })

  it('fits one of every event', () => {
    const lines = EVENTS.map((event) => toEvent(toSchema({ version: 1, ...event })))
    expect(misfits(lines.map((line) => JSON.stringify(line)).join('\n'))).toEqual([])
    expect(new Set(lines.map(({ type }) => type)).size).toBe(12)
  })

  it.each([
    ['another version', { version: 2 }],
    ['no type', { type: undefined }],
    ['an unknown type', { type: 'step-exploded' }],
    ['a text for a number', { at: 'now' }],
  ])('refuses %s', (_what, change) => {
    const line = JSON.parse(JSON.stringify({ version: 1, at: 1, type: 'look-started', ...change }))
    expect([exact(line), published(line)]).toEqual([false, false])
  })

  it('lets a later minor version add a field, and nothing slip by in our own tests', () => {
    const line = { version: 1, at: 1, type: 'look-started', added: true }
    expect([exact(line), published(line)]).toEqual([false, true])
  })

  it.each([
    ['deploy all --yes', 0],
    ['plan', 0],
    ['status', 0],
    ['verify', 1],
    ['deploy redis --yes', 3],
    ['deploy rediss --yes', 2],
  ])('fits every line of: %s', async (command, exitCode) => {
    const { code, stdout } = await runCli(`${command} --output ndjson`, { world: fakeWorld() })
    expect([code, misfits(stdout)]).toEqual([exitCode, []])
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/"type":"(run-finished|look-finished|error)"/)
  })

  it('fits a run that fails, with causes and what they block', async () => {
    const world = fakeWorld({
      verdict: ({ kind }) => (kind === 'Deployment' ? { failed: 'CrashLoopBackOff' } : 'ready'),
    })
    const { code, stdout } = await runCli('deploy all --yes --output ndjson', { world })
    expect([code, misfits(stdout)]).toEqual([1, []])
    expect(stdout).toContain('"outcome":"failed"')
    expect(stdout).toContain('"by":[')
  })

  it('fits the removal', async () => {
    const world = fakeWorld()
    await runCli('deploy all --yes', { world })
    const { code, stdout } = await runCli('destroy all --yes --confirm llmgw --output ndjson', { world })
    expect([code, misfits(stdout)]).toEqual([0, []])
    expect(stdout).toContain('"outcome":"removed"')
  })
})
