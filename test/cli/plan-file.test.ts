import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PlanDocument } from '../../src/ui/plan-schema.ts'
import { planJsonSchema } from '../../src/ui/plan-schema.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-plan-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': true } })
const fits = ajv.compile(planJsonSchema())
let files = 0

async function kept(world: FakeWorld, words = 'plan', file = FILE): Promise<{ path: string; plan: PlanDocument }> {
  files += 1
  const path = join(dir, `plan-${files}.json`)
  const { code, stdout, stderr } = await runCli(`${words} -o ${path}`, { world, file })
  expect(code, stdout + stderr).toBe(0)
  return { path, plan: JSON.parse(await readFile(path, 'utf8')) as PlanDocument }
}

const run = (world: FakeWorld, path: string, file = FILE) => runCli(`deploy --plan ${path} --yes`, { world, file })

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  return world
}

/** Writes since `before`. */
function since(world: FakeWorld, before: readonly string[]): readonly string[] {
  const left = [...before]
  return world.writes().filter((write) => {
    const at = left.indexOf(write)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}
const monitoring = { apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' }
const label = 'pod-security.kubernetes.io/enforce'
const relabel = (world: FakeWorld, level: string) =>
  world.kube.applyAs('kubectl-label', {
    ...monitoring,
    metadata: { name: 'monitoring', labels: { [label]: level } },
  })

describe('the plan document', () => {
  it('is published as it is: npm run schema', async () => {
    const file = new URL('../../docs/plan.schema.json', import.meta.url)
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(planJsonSchema())
  })

  it('tells the command that runs it, as a shell takes it', async () => {
    const path = join(dir, "it's.json")
    const { stdout } = await runCli(`plan -o ${path}`, { world: fakeWorld() })
    expect(stdout).toContain(`run exactly this with: llmgw deploy --plan '${path.replace("'", String.raw`'\''`)}'\n`)
  })

  it('fits its schema on the output and in the file, and says the same in both', async () => {
    const world = fakeWorld()
    const { plan } = await kept(world)
    const printed = JSON.parse((await runCli('plan --output json', { world })).stdout) as PlanDocument
    for (const one of [plan, printed]) expect(fits(one), JSON.stringify(fits.errors)).toBe(true)
    expect(printed.components).toEqual(plan.components)
    expect(plan).toMatchObject({ kind: 'llmgw/plan', version: 1, deployment: 'llmgw', differs: true })
    expect(plan.target.accountId).toBe('123456789012')
    expect(fits({ ...plan, version: 2 })).toBe(false)
  })

  it('is kept where only its owner reads it, and holds no secret value', async () => {
    const world = await deployed()
    relabel(world, 'restricted')
    const { path } = await kept(world)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const text = await readFile(path, 'utf8')
    const values = [...world.aws.state.secrets.values()].flatMap(({ versions }) =>
      [...versions.values()].map(({ value }) => value),
    )
    expect(values.length).toBeGreaterThan(4)
    expect(values.filter((value) => text.includes(value))).toEqual([])
  })

  it('is not kept where it cannot be written', async () => {
    const { code, stderr } = await runCli('plan -o nowhere/plan.json', { world: fakeWorld() })
    expect(code).toBe(2)
    expect(stderr).toMatch(/plan was not written/)
  })
})

describe('deploy --plan', () => {
  it('brings up from nothing what the plan says, and a second plan is empty', async () => {
    const world = fakeWorld()
    const { path } = await kept(world)
    const { code, stdout } = await run(world, path)
    expect(code, stdout).toBe(0)
    expect((await runCli('plan --exit-code', { world })).code).toBe(0)
  })

  it('changes what was planned, and leaves what differs since', async () => {
    const world = await deployed()
    relabel(world, 'restricted')
    const { path } = await kept(world)
    world.aws.state.roles.delete('llmgw-test-gateway')
    const before = world.writes()
    const { code, stdout } = await run(world, path)
    expect(code, stdout).toBe(0)
    expect(since(world, before)).toEqual(['kube.apply Namespace monitoring'])
    expect(world.aws.state.roles.has('llmgw-test-gateway')).toBe(false)
  })

  it('stops before anything is written when a value has changed since', async () => {
    const world = await deployed()
    relabel(world, 'restricted')
    const { path } = await kept(world)
    relabel(world, 'baseline')
    const before = world.writes()
    const { code, stderr } = await run(world, path)
    expect([code, since(world, before)]).toEqual([3, []])
    expect(stderr).toMatch(/the plan no longer holds.*\n.*not as planned: update namespace monitoring/)
  })

  it('goes on after a run that died half-way', async () => {
    const world = fakeWorld()
    const { path } = await kept(world)
    world.helm.failNext('upgrade', new Error('killed'))
    expect((await run(world, path)).code).toBe(1)
    const again = await run(world, path)
    // The release that failed is no longer what was planned: it is said, not overwritten.
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('helm release')])
  })

  it.each([
    ['another configuration', `${FILE}cache: { kind: none }\n`, /the configuration has changed/],
    ['another deployment', `${FILE}deployment: other\n`, /made for deployment llmgw, this is other/],
  ])('refuses %s', async (_what, file, message) => {
    const world = fakeWorld()
    const { path } = await kept(world)
    const { code, stderr } = await run(world, path, file)
    expect([code, world.writes()]).toEqual([3, []])
    expect(stderr).toMatch(message)
  })

  it('takes a longer wait for the same configuration', async () => {
    const world = fakeWorld()
    const { path } = await kept(world)
    expect((await run(world, path, `${FILE}timeouts: { run: 90m }\n`)).code).toBe(0)
  })

  it.each([
    ['', /no JSON/],
    ['{}', /no plan of llmgw: kind/],
    ['[1', /no JSON/],
    ['{"kind":"llmgw/plan","version":9}', /version/],
  ])('refuses a file that holds %j', async (text, message) => {
    const path = join(dir, 'bad.json')
    await writeFile(path, text)
    const { code, stderr } = await runCli(`deploy --plan ${path} --yes`, { world: fakeWorld() })
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })

  it('takes nothing beside the plan', async () => {
    const world = fakeWorld()
    const { path } = await kept(world)
    for (const more of ['redis', '--prune', '--adopt', '--on-existing skip'])
      expect((await runCli(`deploy --plan ${path} --yes ${more}`, { world })).code).toBe(2)
    expect(world.writes()).toEqual([])
  })

  it('asks once in a terminal', async () => {
    const world = fakeWorld()
    const { path } = await kept(world)
    const { code, stdout } = await runCli(`deploy --plan ${path}`, { world, keys: [['Go on?', 'n\r']] })
    expect([code, world.writes()]).toEqual([130, []])
    expect(stdout).toMatch(/to create/)
  })
})

describe('who makes a difference', () => {
  it('tells what others changed from what the configuration changed', async () => {
    const world = await deployed()
    relabel(world, 'restricted')
    const role = world.aws.state.roles.get('llmgw-test-external-secrets')
    if (role === undefined) throw new Error('no role')
    world.aws.state.roles.set(role.name, { ...role, inline: {} })
    const byOthers = await runCli('plan', { world })
    expect(byOthers.stdout).toMatch(/namespace monitoring {2}\[changed by others\]/)
    expect(byOthers.stdout).toMatch(/inline policy secrets-manager-read .*\[changed by others\]/s)
    expect((await runCli('deploy all --yes', { world })).code).toBe(0)
    const file = `${FILE}secrets: { refreshInterval: 2h }\ncache: { kind: redis-ha, memory: 1Gi }\n`
    const byUs = await runCli('plan', { world, file })
    expect(byUs.stdout).toMatch(/externalsecret litellm\/redis-credentials {2}\[configuration differs\]/)
    expect(byUs.stdout).toMatch(/helm release litellm\/redis .*\[configuration\s+differs\]/s)
    expect(byUs.stdout).not.toMatch(/changed by others/)
  })

  it('tells them apart within one release', async () => {
    const world = await deployed()
    const name = 'redis-redis-ha-server'
    const ref = { apiVersion: 'apps/v1', kind: 'StatefulSet', name, namespace: 'litellm' }
    world.kube.applyAs('kubectl-edit', {
      ...ref,
      metadata: { name, namespace: 'litellm' },
      spec: { replicas: 2 },
    })
    const scaled = await runCli('diff redis --exit-code', { world })
    expect(scaled.code).toBe(4)
    expect(scaled.stdout).toMatch(/statefulset litellm\/redis-redis-ha-server {2}\[changed by others\]/)
    expect(scaled.stdout).not.toMatch(/configuration differs/)
    const file = `${FILE}cache: { kind: redis-ha, memory: 1Gi }\n`
    const both = (await runCli('diff redis', { world, file })).stdout
    expect(both).toMatch(/spec\.replicas: 2 -> 3 .*\[changed by others\]/)
    expect(both).toMatch(/image: .*\[configuration differs\]/s)
  })
})

describe('diff', () => {
  it('says that a component is as wanted', async () => {
    const { code, stdout } = await runCli('diff redis --exit-code', { world: await deployed() })
    expect([code, stdout.trim()]).toEqual([0, 'redis is as wanted'])
  })
})
