import { describe, expect, it } from 'vitest'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const WITH_OVERRIDE = `${FILE}components:\n  redis:\n    values: { haproxy: { replicas: 4 } }\n`
const LINE = 'your value haproxy.replicas = 4  (llmgw.yaml:6:36)'

describe('llmgw plan', () => {
  it('shows the values that the user sets, with their places', async () => {
    const world = fakeWorld()
    const before = await runCli('plan redis', { world, file: WITH_OVERRIDE })
    expect(before.stdout).toContain(LINE)
    await runCli('deploy redis --with-needs --yes', { world })
    const changed = await runCli('plan redis', { world, file: WITH_OVERRIDE })
    expect(changed.stdout).toMatch(/^redis {2}drifted\n.*update {2}helm release litellm\/redis/)
    expect(changed.stdout).toContain(LINE)
  })

  it('does not show them where nothing differs', async () => {
    const world = fakeWorld()
    await runCli('deploy redis --with-needs --yes', { world, file: WITH_OVERRIDE })
    const { stdout } = await runCli('plan redis', { world, file: WITH_OVERRIDE })
    expect(stdout).toContain('nothing to change')
    expect(stdout).not.toContain('your value')
  })

  it('gives them as data', async () => {
    const { stdout } = await runCli('plan redis --output json', { world: fakeWorld(), file: WITH_OVERRIDE })
    expect(JSON.parse(stdout).components).toMatchObject([
      { component: 'redis', overrides: [{ path: 'haproxy.replicas', value: 4, origin: { kind: 'file', line: 6 } }] },
    ])
  })
})

describe('llmgw validate', () => {
  const validated = async (values: string, more = '') =>
    await runCli('validate', { file: `${FILE}${more}components:\n  redis:\n    values: ${values}\n` })

  it('takes values that the chart knows', async () => {
    const { code, stdout } = await validated(
      '{ haproxy: { replicas: 4 }, podAnnotations: { team: llm }, labels: { a: b } }',
    )
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('Value')])
  })

  it.each([
    [
      '{ haproxy: { replica: 4 } }',
      2,
      'llmgw.yaml:6:35: error: haproxy.replica: chart redis-ha 4.39.0 knows no such value; did you mean "haproxy.replicas"? (ValueUnknown)\n  fix: write haproxy.replicas',
    ],
    [
      '{ exporter: { enabled: "false" } }',
      2,
      'llmgw.yaml:6:36: error: exporter.enabled: chart redis-ha takes true or false, without quotes here (ValueKind)',
    ],
    [
      '{ image: { tag: latest } }',
      2,
      'llmgw.yaml:6:29: error: image.tag: tag latest is moved from image to image (ImageNotPinned)',
    ],
    ['{ haproxy: { annotations: { a: b } } }', 0, 'warning: haproxy.annotations'],
  ])('%s', async (values, exitCode, line) => {
    const { code, stdout } = await validated(values)
    expect([code, stdout]).toEqual([exitCode, expect.stringContaining(line)])
  })

  it('warns of values for a component that is off', async () => {
    const { code, stdout } = await validated('{ replicas: 5 }', 'cache: { kind: none }\n')
    expect(code).toBe(0)
    expect(stdout).toContain(
      'warning: replicas: this configuration has no redis, so its values go nowhere (OverrideUnused)',
    )
  })
})
