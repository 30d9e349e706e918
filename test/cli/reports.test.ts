import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeWorld } from '../fakes/fake-world.ts'
import { noStreams, runCli } from './run-cli.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-reports-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

const crashing = () =>
  fakeWorld({ verdict: ({ kind }) => (kind === 'StatefulSet' ? { failed: 'CrashLoopBackOff' } : 'ready') })

describe('--junit', () => {
  it('holds every step and check of a deploy, and replaces the file of the run before', async () => {
    const file = join(dir, 'report.xml')
    await writeFile(file, 'of the run before')
    const { code } = await runCli(`deploy all --yes --junit ${file}`, { world: fakeWorld() })
    const xml = await readFile(file, 'utf8')
    expect(code).toBe(0)
    expect(xml).toMatch(
      /^<\?xml .*\n<testsuites name="llmgw deploy all" tests="\d+" failures="0" errors="0" skipped="4"/,
    )
    expect(xml.match(/(?<=<skipped message=")[^"]*/g)).toEqual([
      'cache.tls is not set',
      'guardrails.kind is none',
      'auth.ui is oidc: no account to log in with',
      'there is no certificate',
    ])
    expect(xml).toContain('<testsuite name="redis"')
    expect(xml).toContain('name="check: ')
    expect(xml.trimEnd().endsWith('</testsuites>')).toBe(true)
    expect(await readdir(dir)).toEqual(['report.xml'])
  })

  it('tells the failure with its cause, and no secret', async () => {
    const file = join(dir, 'report.xml')
    const world = crashing()
    expect((await runCli(`deploy all --yes --junit ${file}`, { world })).code).toBe(1)
    const xml = await readFile(file, 'utf8')
    expect(xml).toMatch(/<failure message="failed: .*(not ready|CrashLoop)/)
    for (const { versions } of world.aws.state.secrets.values())
      for (const { value } of versions.values()) expect(xml).not.toContain(value)
  })

  it('is written by verify too, and when the run stops before anything', async () => {
    const file = join(dir, 'report.xml')
    expect((await runCli(`verify --junit ${file}`, { world: fakeWorld() })).code).toBe(1)
    expect(await readFile(file, 'utf8')).toMatch(/name="check: .*<failure/)
    expect((await runCli(`deploy redis --yes --junit ${file}`, { world: fakeWorld() })).code).toBe(3)
    expect(await readFile(file, 'utf8')).toContain('name="NeedsLacking"')
  })

  it('is refused before anything is done where it cannot be written', async () => {
    const world = fakeWorld()
    const { code, stderr } = await runCli(`deploy all --yes --junit ${join(dir, 'none', 'report.xml')}`, { world })
    expect([code, world.writes()]).toEqual([2, []])
    expect(stderr).toContain('cannot be written')
    expect((await runCli(`deploy all --yes --junit ${dir}`, { world })).code).toBe(2)
  })
})

describe('under GitHub Actions', () => {
  it('annotates what failed and appends to the step summary', async () => {
    const summary = join(dir, 'summary.md')
    await writeFile(summary, 'of the step before\n')
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary }
    const { code, stdout, stderr } = await runCli('deploy all --yes --output json', { world: crashing(), env })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^::error title=llmgw%3A redis::.*(not ready|CrashLoop)/m)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false })
    expect(await readFile(summary, 'utf8')).toMatch(/^of the step before\n### llmgw deploy all: ❌ not finished/)
  })

  it('does neither elsewhere', async () => {
    const summary = join(dir, 'summary.md')
    const { stderr } = await runCli('deploy all --yes', { world: crashing(), env: { GITHUB_STEP_SUMMARY: summary } })
    expect(stderr).not.toContain('::error')
    expect(await readdir(dir)).toEqual([])
  })
})

describe('hints', () => {
  it.each([
    ['--sandbox', 'llmgw --sandbox deploy namespaces'],
    ['--sandbox=other', 'llmgw --sandbox=other deploy namespaces'],
    ['', 'llmgw deploy namespaces'],
  ])('lead to where the run was: %s', async (flag, command) => {
    const { stderr } = await runCli(`deploy redis --yes ${flag}`, { world: fakeWorld() })
    expect(stderr).toContain(`next: ${command}`)
  })

  it('of checks too, in every form of output', async () => {
    for (const output of ['text', 'json', 'ndjson']) {
      const { stdout } = await runCli(`verify --sandbox --output ${output}`, { world: fakeWorld() })
      expect(stdout).toContain('llmgw --sandbox deploy namespaces')
      expect(stdout).not.toContain('llmgw deploy')
    }
  })

  it('help shows that a bare --sandbox takes no name', async () => {
    expect((await runCli('deploy --help')).stdout).toMatch(/^ {2}--sandbox\[=NAME\] {2,}work on the sandbox/m)
  })
})

describe('a failure', () => {
  it('is told in full once', async () => {
    const { stdout, stderr } = await runCli('deploy all --yes', { world: crashing() })
    expect(stdout).toMatch(/redis: failed\n {2}.*(not ready|CrashLoop)/)
    expect(stderr.match(/hint:/g)).toBeNull()
  })
})

describe('a chart whose digest is not pinned', () => {
  it.each([
    [false, false, 1],
    [true, false, 0],
    [false, true, 0],
  ])('pinned %s, stand-in %s: is noted %i times', async (pinned, standIn, times) => {
    const world = fakeWorld()
    const inputs: typeof world.helm.inputs = async (spec, signal) => {
      const found = await world.helm.inputs(spec, signal)
      return { ...found, chart: { ...found.chart, pinned, standIn } }
    }
    const helm = { ...world.helm, inputs }
    const connect = async () => ({ kube: world.kube, readiness: world.readiness, helm, streams: noStreams })
    const { code, stderr } = await runCli('deploy all --yes', { world, seams: { connect } })
    expect(code).toBe(0)
    expect(stderr.match(/digest not pinned: external-secrets .*, redis-ha /g)?.length ?? 0).toBe(times)
  })
})
