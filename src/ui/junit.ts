import { redact } from '../secret.ts'
import { createPaint } from './paint.ts'
import type { RecordedCheck, RecordedError, RecordedStep, RunRecord } from './run-record.ts'
import { causeLines, outcomeWord } from './words.ts'

type Verdict = 'passed' | 'failure' | 'error' | 'skipped'

interface TestCase {
  readonly suite: string
  readonly name: string
  readonly seconds: string
  readonly verdict: Verdict
  readonly message: string
  readonly text: string
}

/** JUnit XML of a run: a test suite for each component, a test case for each step and check. Format: the one that Jenkins, GitLab and GitHub actions read. */
export function renderJunit(record: RunRecord): string {
  const cases = [...record.steps.map(stepCase), ...record.checks.map(checkCase), ...errorCase(record.error)]
  const suites = [...new Set(cases.map(({ suite }) => suite))]
  const attributes = { name: `llmgw ${record.command}`, ...counts(cases), time: seconds(record.elapsedMs) }
  const timestamp = new Date(record.startedAt).toISOString().replace(/\..*$/, '')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element('testsuites', attributes),
    ...suites.flatMap((suite) => suiteLines(suite, cases, timestamp)),
    '</testsuites>',
    '',
  ].join('\n')
}

function suiteLines(suite: string, all: readonly TestCase[], timestamp: string): readonly string[] {
  const cases = all.filter((one) => one.suite === suite)
  const time = cases.reduce((sum, one) => sum + Number(one.seconds), 0).toFixed(3)
  return [
    `  ${element('testsuite', { name: suite, ...counts(cases), time, timestamp })}`,
    ...cases.map((one) => `    ${caseText(one)}`),
    '  </testsuite>',
  ]
}

function caseText({ suite, name, seconds: time, verdict, message, text }: TestCase): string {
  const open = element('testcase', { classname: `llmgw.${suite}`, name, time })
  if (verdict === 'passed') return open.replace(/>$/, '/>')
  const inner = element(verdict, verdict === 'skipped' ? { message } : { message, type: verdict })
  const body = text === '' ? inner.replace(/>$/, '/>') : `${inner}${escaped(text)}</${verdict}>`
  return `${open}${body}</testcase>`
}

const VERDICTS: Readonly<Record<NonNullable<RecordedStep['outcome']>, Verdict>> = {
  done: 'passed',
  removed: 'passed',
  unchanged: 'passed',
  left: 'skipped',
  off: 'skipped',
  blocked: 'skipped',
  cancelled: 'skipped',
  failed: 'failure',
  stale: 'failure',
}
const NO_COLOURS = createPaint(false)

function stepCase({ component, title, outcome, elapsedMs, cause, by, reason }: RecordedStep): TestCase {
  const told = outcome === undefined ? 'not started' : outcomeWord(outcome, NO_COLOURS)
  const why = cause?.message ?? (by === undefined ? (outcome === 'left' ? reason : undefined) : `by ${by.join(', ')}`)
  return {
    suite: component,
    name: title,
    seconds: seconds(elapsedMs),
    verdict: outcome === undefined ? 'skipped' : VERDICTS[outcome],
    message: why === undefined ? told : `${told}: ${why}`,
    text: cause === undefined ? '' : causeLines(cause).join('\n'),
  }
}

const CHECK_VERDICTS = { pass: 'passed', warn: 'passed', fail: 'failure', skip: 'skipped' } as const

function checkCase({ component, check, title = check, result, found, hint, elapsedMs = 0 }: RecordedCheck): TestCase {
  const text = hint === undefined ? found : `${found}\nnext: ${hint}`
  const verdict = CHECK_VERDICTS[result]
  return { suite: component, name: `check: ${title}`, seconds: seconds(elapsedMs), verdict, message: found, text }
}

function errorCase(error: RecordedError | undefined): readonly TestCase[] {
  if (error === undefined) return []
  const { code, message, cause, hint } = error
  const text = [...(cause === undefined ? [] : [cause]), ...(hint === undefined ? [] : [`next: ${hint}`])].join('\n')
  return [{ suite: 'run', name: code, seconds: '0.000', verdict: 'error', message, text }]
}

function counts(cases: readonly TestCase[]): Readonly<Record<string, string>> {
  const of = (verdict: Verdict): string => String(cases.filter((one) => one.verdict === verdict).length)
  return { tests: String(cases.length), failures: of('failure'), errors: of('error'), skipped: of('skipped') }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

function element(name: string, attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escaped(value).replaceAll('\n', '&#10;')}"`,
  )
  return `<${name}${pairs.join('')}>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Masks secrets, drops what XML 1.0 has no way to write, escapes the rest. Source: W3C XML 1.0, 2.2 Characters. */
function escaped(text: string): string {
  return [...redact(text)]
    .filter((character) => /[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(character))
    .map((character) => ENTITIES[character] ?? character)
    .join('')
}
