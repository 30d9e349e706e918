import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { ComponentState, Decisions } from '../../src/engine/decide.ts'
import type { RunResult } from '../../src/engine/result.ts'
import { registerSecret } from '../../src/secret.ts'
import { renderDot, renderGraph } from '../../src/ui/component-graph.ts'
import { type DiagnosisView, renderDiagnoses } from '../../src/ui/diagnosis.ts'
import { unifiedDiff } from '../../src/ui/diff.ts'
import { createPaint } from '../../src/ui/paint.ts'
import { renderPlan } from '../../src/ui/plan.ts'
import { renderStatus } from '../../src/ui/status-table.ts'
import { renderSummary } from '../../src/ui/summary.ts'
import { STEPS } from './events.ts'

const style = { paint: createPaint(false), width: 80 }
const coloured = { paint: createPaint(true), width: 80 }

const COMPONENTS: readonly ComponentState[] = [
  {
    component: 'namespaces',
    state: 'current',
    exists: true,
    steps: [{ id: 'namespaces', seen: { state: 'current', out: undefined } }],
  },
  {
    component: 'irsa',
    state: 'drifted',
    exists: true,
    steps: [
      {
        id: 'irsa-litellm',
        seen: {
          state: 'drifted',
          changes: [
            {
              action: 'update',
              target: 'iam role llmgw-litellm',
              fields: [
                {
                  path: 'trust.sub',
                  before: 'system:serviceaccount:old:litellm',
                  after: 'system:serviceaccount:litellm:litellm',
                },
                { path: 'tags.owner', before: 'someone' },
                {
                  path: 'description',
                  after: 'Bedrock for LiteLLM, on the account and cluster that this deployment is pinned to',
                },
              ],
            },
          ],
        },
      },
      {
        id: 'irsa-eso',
        seen: {
          state: 'missing',
          changes: [{ action: 'adopt', target: 'iam role llmgw-eso', detail: 'nobody owns it' }],
        },
      },
    ],
  },
  {
    component: 'external-secrets',
    state: 'broken',
    exists: true,
    steps: [
      {
        id: 'operator',
        seen: {
          state: 'broken',
          cause: {
            code: 'CrashLoop',
            message: 'pod external-secrets/external-secrets-7d9c in CrashLoopBackOff, found 5 restarts',
            evidence: ['AccessDenied: User is not authorized to perform: secretsmanager:GetSecretValue on resource'],
            hint: 'llmgw plan irsa',
          },
          changes: [{ action: 'replace', target: 'helm release external-secrets/external-secrets' }],
        },
      },
      { id: 'store', seen: { state: 'waiting', on: ['operator'] } },
    ],
  },
  { component: 'redis', state: 'settling', exists: true, steps: [{ id: 'redis', seen: { state: 'settling' } }] },
  {
    component: 'storage',
    state: 'unknown',
    exists: false,
    steps: [
      { id: 'storage', seen: { state: 'unknown', cause: { code: 'Denied', message: 'storageclasses is forbidden' } } },
    ],
  },
]

describe('renderPlan', () => {
  it('shows what differs, and only counts what does not', () => {
    const text = renderPlan({ components: COMPONENTS }, style)
    expect(text).toMatchInlineSnapshot(`
      "irsa  drifted
        irsa-litellm: drifted
          ~ update  iam role llmgw-litellm
              trust.sub: system:serviceaccount:old:litellm ->
                system:serviceaccount:litellm:litellm
              tags.owner: someone (removed)
              description: Bedrock for LiteLLM, on the account and cluster that this
                deployment is pinned to
        irsa-eso: missing
          < adopt   iam role llmgw-eso  (nobody owns it)

      external-secrets  broken
        operator: broken
          ! pod external-secrets/external-secrets-7d9c in CrashLoopBackOff, found 5
            restarts (CrashLoop)
            | AccessDenied: User is not authorized to perform:
              secretsmanager:GetSecretValue on resource
            hint: llmgw plan irsa
          ± replace helm release external-secrets/external-secrets
        store: waiting
          ? known after operator

      redis  settling
        … still rolling out: nothing to change

      storage  unknown
        ! storageclasses is forbidden (Denied)

      Plan: 1 to update, 1 to replace, 1 to adopt, 1 step known later, 1 step could
        not be looked at; 1 component as wanted."
    `)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('says what is left alone, and does not count it', () => {
    const decisions: Decisions = new Map([
      ['irsa-litellm', { decision: 'leave', reason: 'skipped' }],
      ['irsa-eso', { decision: 'apply', reason: 'missing' }],
    ])
    expect(renderPlan({ components: COMPONENTS.slice(1, 2), decisions }, style)).toContain(
      'irsa-litellm: drifted (skipped)',
    )
    expect(renderPlan({ components: COMPONENTS.slice(1, 2), decisions }, style)).toContain('Plan: 1 to adopt.')
  })

  it('has nothing to say about a platform as wanted', () => {
    expect(renderPlan({ components: COMPONENTS.slice(0, 1) }, style)).toBe(
      'Plan: nothing to change; 1 component as wanted.',
    )
  })

  it('says the same in colour', () => {
    const text = renderPlan({ components: COMPONENTS }, coloured)
    expect(text).toContain('\u001b[')
    expect(stripVTControlCharacters(text)).toBe(renderPlan({ components: COMPONENTS }, style))
  })

  it('masks secret values', () => {
    const canary = 'canary-in-a-plan-'.repeat(6)
    registerSecret(canary)
    const fields = [{ path: 'data.password', after: canary }]
    const seen = { state: 'missing', changes: [{ action: 'create', target: 'secret x', fields }] } as const
    const leaky: ComponentState = { component: 'c', state: 'missing', exists: false, steps: [{ id: 'c', seen }] }
    expect(renderPlan({ components: [leaky] }, style)).toContain('data.password: ***')
  })
})

describe('renderStatus', () => {
  const now = Date.UTC(2026, 0, 8)
  const ago = (ms: number): string => new Date(now - ms).toISOString()
  const facts = new Map([
    ['irsa', { warning: { at: ago(90_000), text: 'not shown where a change is' } }],
    [
      'external-secrets',
      {
        version: { running: '2.8.0', wanted: '2.9.0' },
        changedAt: ago(3 * 86_400_000),
        workloads: { ready: 2, total: 3 },
      },
    ],
    ['redis', { version: { wanted: '4.39.0' } }],
    ['namespaces', { warning: { at: ago(7_300_000), text: 'event Odd on Namespace llm: something was odd' } }],
  ])

  it('is a table of 80 columns', () => {
    const text = renderStatus({ components: COMPONENTS, facts, now }, style)
    expect(text).toMatchInlineSnapshot(`
      "COMPONENT         STATE     VERSION         AGE  READY  DETAIL
      namespaces        current                               2 h ago: event Odd on N…
      irsa              drifted                               irsa-litellm: 1 change
      external-secrets  broken    2.8.0 -> 2.9.0  3 d  2/3    operator: pod…
      redis             settling                              still rolling out
      storage           unknown                               storageclasses is forbi…
      ! external-secrets: operator: pod external-secrets/external-secrets-7d9c in
        CrashLoopBackOff, found 5 restarts
      ! storage: storageclasses is forbidden"
    `)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})

describe('renderSummary', () => {
  const step = { component: 'redis', elapsedMs: 0 }
  const result = (steps: RunResult['steps'], counts: RunResult['counts'], ok: boolean): RunResult => ({
    steps,
    counts,
    ok,
  })

  it('says that there was nothing to do', () => {
    const steps = [
      { ...step, id: 'redis', outcome: 'unchanged' as const },
      { ...step, id: 'mesh', component: 'mesh', outcome: 'off' as const },
      { ...step, id: 'irsa', component: 'irsa', outcome: 'unchanged' as const },
    ]
    const text = renderSummary({ result: result(steps, { unchanged: 2, off: 1 }, true), elapsedMs: 800 }, style)
    expect(text).toBe('nothing to do: 2 components are as wanted')
  })

  it('counts what was done, and names the next command', () => {
    const done = result([{ ...step, id: 'redis', outcome: 'done' }], { done: 1 }, true)
    expect(renderSummary({ result: done, elapsedMs: 61_000, next: 'llmgw verify' }, style)).toBe(
      'finished in 1 min 1 s: 1 done\nnext: llmgw verify',
    )
  })

  it('keeps every failure with its cause, evidence and hint', () => {
    const cause = { code: 'CrashLoop', message: 'pod redis-0 crashes', evidence: ['OOMKilled'], hint: 'llmgw status' }
    const failed = result(
      [
        { ...step, id: 'redis', outcome: 'failed', cause },
        {
          ...step,
          id: 'irsa',
          outcome: 'stale',
          cause: { code: 'StalePlan', message: 'changed since it was planned' },
        },
        { ...step, id: 'litellm', outcome: 'blocked', by: ['redis', 'irsa'] },
        { ...step, id: 'jaeger', outcome: 'cancelled' },
      ],
      { failed: 1, stale: 1, blocked: 1, cancelled: 1 },
      false,
    )
    expect(renderSummary({ result: failed, elapsedMs: 4_000, next: 'llmgw deploy all' }, style)).toMatchInlineSnapshot(`
      "redis: failed
        pod redis-0 crashes (CrashLoop)
        | OOMKilled
        hint: llmgw status
      irsa: stale
        changed since it was planned (StalePlan)
      litellm: blocked by redis, irsa
      not finished in 4.0 s: 1 failed, 1 stale, 1 blocked, 1 cancelled
      next: llmgw deploy all"
    `)
  })
})

describe('renderDiagnoses', () => {
  const quota = { code: 'QuotaExceeded', message: 'quota no-pods is exhausted: pods=0', hint: 'kubectl describe quota' }
  const symptom = { code: 'FailedCreate', message: 'the pods of redis are refused: exceeded quota: no-pods' }
  const redis: DiagnosisView = {
    component: 'redis',
    step: 'redis',
    state: 'broken',
    causes: [symptom, { ...quota, evidence: ['exceeded quota: no-pods', 'seen 3 times'] }],
  }
  const isolation: DiagnosisView = { ...redis, component: 'network', step: 'isolation', causes: [quota] }

  it('goes from the symptom to the root, once for all that it holds up, and repeats no words', () => {
    expect(renderDiagnoses([isolation, redis], style)).toMatchInlineSnapshot(`
      "redis  broken
        ! the pods of redis are refused: exceeded quota: no-pods (FailedCreate)
        because quota no-pods is exhausted: pods=0 (QuotaExceeded)
          | seen 3 times
        next: kubectl describe quota
        the same holds up network (isolation)"
    `)
  })

  it('leaves to it what it tells, and nothing else', () => {
    const failed = { component: 'redis', elapsedMs: 0, outcome: 'failed' as const }
    const steps = [
      { ...failed, id: 'redis', cause: symptom },
      { ...failed, id: 'isolation', cause: quota },
      { ...failed, id: 'litellm', cause: symptom },
    ]
    const counts = { failed: 3 }
    const text = renderSummary(
      { result: { steps, counts, ok: false }, elapsedMs: 0, diagnoses: [redis, isolation] },
      style,
    )
    expect(text).toMatchInlineSnapshot(`
      "redis: failed
      isolation: failed
        quota no-pods is exhausted: pods=0 (QuotaExceeded)
        hint: kubectl describe quota
      litellm: failed
        the pods of redis are refused: exceeded quota: no-pods (FailedCreate)
      not finished in 0.0 s: 3 failed"
    `)
  })
})

describe('the component graph', () => {
  it('lists steps with what they need', () => {
    expect(renderGraph(STEPS, style)).toMatchInlineSnapshot(`
      "namespaces
        namespaces  Create namespaces
      external-secrets
        operator  Install the operator
          needs applied(namespaces)
        store  Connect the store
          needs ready(operator)
      redis
        redis  Install Redis
          needs applied(namespaces)
      mesh
        mesh  Join the mesh (off: no mesh is wanted)"
    `)
  })

  it('is Graphviz too', () => {
    expect(renderDot(STEPS)).toMatchInlineSnapshot(`
      "digraph llmgw {
        rankdir=LR
        subgraph "cluster_namespaces" {
          label="namespaces"
          "namespaces"
        }
        subgraph "cluster_external-secrets" {
          label="external-secrets"
          "operator"
          "store"
        }
        subgraph "cluster_redis" {
          label="redis"
          "redis"
        }
        subgraph "cluster_mesh" {
          label="mesh"
          "mesh"
        }
        "namespaces" -> "operator" [style=dashed]
        "operator" -> "store"
        "namespaces" -> "redis" [style=dashed]
      }"
    `)
  })
})

describe('unifiedDiff', () => {
  it('shows what changes with its surroundings', () => {
    const before = 'a\nb\nc\n'
    const text = unifiedDiff('values', { before, after: 'a\nB\nc\n' }, style.paint)
    expect(text).toBe('--- values (is)\n+++ values (wanted)\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c')
    expect(unifiedDiff('values', { before, after: before }, style.paint)).toBe('')
  })
})
