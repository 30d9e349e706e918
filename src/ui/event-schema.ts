import * as z from 'zod'
import { EVENTS_VERSION } from '../engine/events.ts'

const ms = z.number().nonnegative()
const names = z.array(z.string()).readonly()

const need = z.object({ edge: z.enum(['applied', 'ready', 'after']), id: z.string() })

const stepInfo = z.object({
  id: z.string(),
  title: z.string(),
  component: z.string(),
  needs: z.array(need).readonly(),
  off: z.exactOptional(z.string()).describe('reason why this configuration has no such step'),
})

const changedBy = z.enum(['configuration', 'others'])

const fieldChange = z.object({
  path: z.string().describe('dotted path, e.g. spec.replicas'),
  before: z.exactOptional(z.string()).describe('absent: was not there'),
  after: z.exactOptional(z.string()).describe('absent: will not be there'),
  by: z.exactOptional(changedBy).describe('who makes this field differ, where a change has fields of both'),
})

/** One difference between what is and what is wanted. */
export const change = z.object({
  action: z.enum(['create', 'update', 'replace', 'delete', 'adopt', 'run']),
  target: z.string().describe('kind and full name'),
  fields: z.exactOptional(z.array(fieldChange).readonly()),
  detail: z.exactOptional(z.string()),
  by: z.exactOptional(changedBy).describe('who makes it differ; absent: new, or it cannot be told'),
  inputs: z.exactOptional(z.string()).describe('digest of what it is made from'),
})

export const cause = z.object({
  code: z.string().describe('stable name of the failure'),
  message: z.string(),
  evidence: z.exactOptional(names).describe("the tool's own words"),
  hint: z.exactOptional(z.string()).describe('the next command'),
  about: z
    .exactOptional(
      z.object({ apiVersion: z.string(), kind: z.string(), name: z.string(), namespace: z.exactOptional(z.string()) }),
    )
    .describe('the object that it is about'),
})

export const states = z.enum(['missing', 'current', 'settling', 'drifted', 'broken', 'unknown', 'waiting'])
const outcomes = z.enum(['unchanged', 'left', 'done', 'removed', 'failed', 'stale', 'blocked', 'cancelled', 'off'])

/** What carries our mark and is no longer wanted. */
export const orphan = z.object({
  target: z.string().describe('kind and full name'),
  kept: z.exactOptional(z.string()).describe('why it is never removed; absent: removed with --prune'),
})

const event = <Type extends string, Fields extends z.ZodRawShape>(type: Type, fields: Fields) =>
  z.object({
    version: z.literal(EVENTS_VERSION).describe('raised when a field is removed or changes its meaning'),
    at: z.number().int().describe('milliseconds since the epoch'),
    type: z.literal(type),
    ...fields,
  })

/** One line of `--output ndjson`. */
export const eventLine = z.discriminatedUnion('type', [
  event('run-started', { command: z.string(), steps: z.array(stepInfo).readonly() }),
  event('note', { level: z.enum(['info', 'warning']), message: z.string() }),
  event('look-started', {}),
  event('step-looked', {
    step: z.string(),
    state: states,
    changes: z.array(change).readonly(),
    cause: z.exactOptional(cause),
    on: z.exactOptional(names).describe('steps that must run first'),
  }),
  event('look-finished', { elapsedMs: ms }),
  event('step-decided', {
    step: z.string(),
    decision: z.enum(['apply', 'wait', 'leave', 'destroy', 'fail']),
    reason: z.string(),
  }),
  event('step-started', { step: z.string(), phase: z.enum(['apply', 'ready', 'destroy']) }),
  event('step-progress', { step: z.string(), line: z.string() }),
  event('step-applied', { step: z.string() }),
  event('step-finished', {
    step: z.string(),
    outcome: outcomes,
    elapsedMs: ms,
    cause: z.exactOptional(cause),
    by: z.exactOptional(names).describe('steps that stood in its way'),
  }),
  event('step-diagnosed', {
    step: z.string(),
    causes: z.array(cause).readonly().describe('from the symptom to the root; the last one is the answer'),
  }),
  event('orphans-found', { orphans: z.array(orphan).readonly() }),
  event('prune-started', { steps: z.array(stepInfo).readonly() }),
  event('check-finished', {
    check: z.string(),
    component: z.string(),
    result: z.enum(['pass', 'warn', 'fail', 'skip']),
    found: z.string(),
    hint: z.exactOptional(z.string()),
    title: z.exactOptional(z.string()).describe('what the check proves'),
    elapsedMs: z.exactOptional(ms),
  }),
  event('run-finished', {
    ok: z.boolean(),
    elapsedMs: ms,
    counts: z.partialRecord(outcomes, z.number().int().positive()).readonly(),
  }),
  event('error', {
    code: z.string(),
    message: z.string(),
    cause: z.exactOptional(z.string()),
    hint: z.exactOptional(z.string()),
    exitCode: z.number().int(),
  }),
])

/**
 * JSON Schema of one line of `--output ndjson`.
 * @param depth `exact` refuses fields it does not know; the published one takes them, as a later minor version may add some
 */
export function eventJsonSchema(depth: 'exact' | 'published'): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(eventLine, { io: depth === 'exact' ? 'output' : 'input' })
  return { ...schema, title: 'One line of llmgw --output ndjson' }
}
