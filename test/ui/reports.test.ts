import { describe, expect, it } from 'vitest'
import { registerSecret } from '../../src/secret.ts'
import { renderAnnotations, renderStepSummary } from '../../src/ui/github-actions.ts'
import { renderJunit } from '../../src/ui/junit.ts'
import { type RunRecord, recorded } from '../../src/ui/run-record.ts'
import { EVENTS } from './events.ts'

const NOTHING: RunRecord = {
  command: 'deploy all',
  startedAt: 1_790_000_000_000,
  elapsedMs: 0,
  steps: [],
  checks: [],
  warnings: [],
}
const RUN = EVENTS.reduce(recorded, NOTHING)

describe('the JUnit report', () => {
  it('has a suite for each component, a case for each step and check', () => {
    expect(renderJunit(RUN)).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="llmgw deploy all" tests="5" failures="2" errors="0" skipped="1" time="0.000">
        <testsuite name="namespaces" tests="1" failures="0" errors="0" skipped="0" time="0.000" timestamp="2026-09-21T14:13:20">
          <testcase classname="llmgw.namespaces" name="Create namespaces" time="0.000"/>
        </testsuite>
        <testsuite name="external-secrets" tests="2" failures="1" errors="0" skipped="1" time="2.000" timestamp="2026-09-21T14:13:20">
          <testcase classname="llmgw.external-secrets" name="Install the operator" time="2.000"><failure message="failed: helm refused" type="failure">helm refused (HelmFailed)</failure></testcase>
          <testcase classname="llmgw.external-secrets" name="Connect the store" time="0.000"><skipped message="blocked: by operator"/></testcase>
        </testsuite>
        <testsuite name="redis" tests="2" failures="1" errors="0" skipped="0" time="65.400" timestamp="2026-09-21T14:13:20">
          <testcase classname="llmgw.redis" name="Install Redis" time="65.400"/>
          <testcase classname="llmgw.redis" name="check: answers PING" time="0.000"><failure message="no answer" type="failure">no answer
      next: llmgw status</failure></testcase>
        </testsuite>
      </testsuites>
      "
    `)
  })

  it('tells what ended the run before its report', () => {
    const error = { code: 'WrongAccount', message: 'found 1, expected 2', hint: 'llmgw status' }
    expect(renderJunit({ ...NOTHING, error })).toContain(
      '<testcase classname="llmgw.run" name="WrongAccount" time="0.000"><error message="found 1, expected 2" type="error">next: llmgw status</error></testcase>',
    )
  })

  it('has the orphans that were removed', () => {
    const steps = [{ id: 'orphan-1', title: 'Remove release old', component: 'redis', needs: [] }]
    const at = NOTHING.startedAt
    const pruned = [
      { at, type: 'prune-started', steps } as const,
      { at, type: 'step-finished', step: 'orphan-1', outcome: 'removed', elapsedMs: 5 } as const,
    ].reduce(recorded, NOTHING)
    expect(renderJunit(pruned)).toContain('<testcase classname="llmgw.redis" name="Remove release old" time="0.005"/>')
  })

  it('stays XML and secret whatever a message holds', () => {
    registerSecret('junit-<canary>')
    const hostile = 'a & b < "c" > ]]> \u001b[31m\u0000 junit-<canary>\nnext line'
    const xml = renderJunit({ ...NOTHING, error: { code: 'Odd', message: hostile, cause: hostile } })
    expect(xml).toContain('message="a &amp; b &lt; &quot;c&quot; &gt; ]]&gt; [31m ***&#10;next line"')
    expect(xml).toContain('>a &amp; b &lt; &quot;c&quot; &gt; ]]&gt; [31m ***\nnext line<')
    expect(xml).not.toContain('canary')
  })
})

describe('GitHub Actions', () => {
  it('gets an annotation for each failure and warning, none for what is only blocked', () => {
    expect(renderAnnotations(RUN)).toEqual([
      '::error title=llmgw%3A operator::helm refused (HelmFailed)',
      '::error title=llmgw%3A answers PING::no answer%0Anext: llmgw status',
      '::warning title=llmgw%3A note::stand-in chart for redis',
    ])
  })

  it('cannot be told commands by what a tool printed', () => {
    const error = { code: 'Odd', message: '50%\r\n::set-output name=a::b, c: d' }
    expect(renderAnnotations({ ...NOTHING, error })).toEqual([
      '::error title=llmgw%3A Odd::50%25%0D%0A::set-output name=a::b, c: d',
    ])
  })

  it('gets a summary in Markdown', () => {
    expect(renderStepSummary(RUN)).toMatchInlineSnapshot(`
      "### llmgw deploy all: ❌ not finished in 0.0 s

      | component | step | result | time |
      |---|---|---|---|
      | namespaces | Create namespaces | unchanged |  |
      | external-secrets | Install the operator | failed | 2.0 s |
      | external-secrets | Connect the store | blocked by operator |  |
      | redis | Install Redis | done | 1 min 5 s |

      0 of 1 check passed

      **error: operator**

      \`\`\`text
      helm refused (HelmFailed)
      \`\`\`

      **error: answers PING**

      \`\`\`text
      no answer
      next: llmgw status
      \`\`\`

      **warning: note**

      \`\`\`text
      stand-in chart for redis
      \`\`\`
      "
    `)
  })

  it('shows markup as text, and a fence within a fence', () => {
    registerSecret('summary-canary')
    const error = { code: 'Odd', message: '```\n<b>| summary-canary' }
    const text = renderStepSummary({ ...NOTHING, command: 'deploy <x>|', error })
    expect(text).toContain('### llmgw deploy \\<x\\>\\|: ❌ not finished')
    expect(text).toContain('````text\n```\n<b>| ***\n````')
  })
})
