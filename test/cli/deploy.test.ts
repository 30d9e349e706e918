import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../src/engine/graph.ts'
import { LockedError, PreflightError } from '../../src/errors.ts'
import { components, steps } from '../../steps/index.ts'
import { checks } from '../../steps/verify/index.ts'
import { cacheCertificate } from '../fakes/cache-certificate.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const free = checks.filter(({ probes }) => probes === undefined).length
/** No operator has made a certificate here, Redis speaks plain text, people log in elsewhere, and there are no guardrails. */
const SKIPPED = 4
const verified = `verified: ${free - SKIPPED} of ${free} checks passed, ${SKIPPED} skipped\n`

async function deployed() {
  const world = fakeWorld()
  const { code } = await runCli('deploy all --yes', { world })
  expect(code).toBe(0)
  return world
}

describe('deploy all', () => {
  it('deploys, verifies, and the second time changes nothing', async () => {
    const world = fakeWorld()
    const first = await runCli('deploy all --yes', { world })
    const written = world.writes().length
    const second = await runCli('deploy all --yes', { world })
    expect([first.code, second.code]).toEqual([0, 0])
    expect(written).toBeGreaterThan(10)
    expect(world.writes().length).toBe(written)
    expect(first.stdout).toContain(`: ${steps.length} done\n${verified}`)
    expect(first.stdout.endsWith(verified)).toBe(true)
    expect(second.stdout).toContain(
      `nothing to do: ${components.length} components are as wanted\n${verified}nothing was changed;`,
    )
  })

  it('counts processes from the start of the run', async () => {
    const { stdout } = await runCli('deploy all --yes --output json', {
      world: await deployed(),
      seams: { startedProcesses: () => 0 },
    })
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      changed: false,
      startedProcesses: 0,
      counts: { unchanged: steps.length },
    })
  })

  it('asks for helm before the first write, and only where a release is changed', async () => {
    const world = fakeWorld()
    const helmTool = () => Promise.reject(new PreflightError('HelmMissing', 'there is no helm'))
    const { code, stderr } = await runCli('deploy all --yes', { world, seams: { helmTool } })
    expect([code, world.writes()]).toEqual([3, []])
    expect(stderr).toContain('error: there is no helm')
    expect((await runCli('deploy namespaces --yes', { world, seams: { helmTool } })).code).toBe(0)
  })

  it('is refused, unwritten, where volumes would find no storage class and none may be made', async () => {
    const world = fakeWorld()
    const file = `${FILE}storage: { manage: "off" }\n`
    const { code, stderr } = await runCli('deploy all --yes', { world, file })
    expect([code, world.writes()]).toEqual([3, []])
    expect(stderr).toContain('error: volumes would not be made: default StorageClass: none, and storage.manage is off')
    expect(stderr).toContain('next: set storage.manage to create')
    expect((await runCli('deploy all --yes', { world, file: `${file}cache: { kind: none }\n` })).code).toBe(0)
  })

  describe('with a Redis that speaks TLS', () => {
    const file = `${FILE}cache: { tls: { secretName: redis-tls } }\n`

    it('is refused, unwritten, where the certificate is not there or nobody would trust it', async () => {
      const world = fakeWorld()
      const { code, stderr } = await runCli('deploy all --yes', { world, file })
      expect([code, world.writes()]).toEqual([3, []])
      expect(stderr).toContain('error: Secret litellm/redis-tls, which cache.tls.secretName names, is not there')
      world.kube.seed(cacheCertificate({ names: [], notAfter: new Date('2025-12-31') }))
      const over = await runCli('deploy all --yes', { world, file })
      expect([over.code, world.writes()]).toEqual([3, []])
      expect(over.stderr).toMatch(
        /error: tls\.crt of Secret litellm\/redis-tls ended on 2025-12-31[\s\S]*is not for redis-/,
      )
      expect((await runCli('deploy namespaces --yes', { world, file })).code).toBe(0)
    })

    it('is not told that it is missing where nobody could look', async () => {
      const world = fakeWorld()
      const silent = new PreflightError('KubeUnreachable', 'the API server does not answer')
      world.kube.failNext(({ verb, ref }) => verb === 'find' && ref.name === 'redis-tls', silent)
      const { code, stderr } = await runCli('deploy all --yes', { world, file })
      expect([code, world.writes()]).toEqual([3, []])
      expect(stderr).toContain('error: the API server does not answer')
      expect(stderr).not.toContain('is not there')
    })

    it('deploys, verifies, and is refused before servers that run would never follow', async () => {
      const world = fakeWorld()
      world.kube.seed(cacheCertificate())
      const { code, stdout } = await runCli('deploy all --yes', { world, file })
      expect(code, stdout).toBe(0)
      expect((await runCli('verify --only redis-certificate', { world, file })).stdout).toMatch(
        /^pass .*Certificate of Redis/m,
      )
      const written = world.writes().length
      const back = await runCli('deploy all --yes', { world })
      expect([back.code, world.writes().length]).toEqual([3, written])
      expect(back.stderr).toContain('its 3 servers cannot change to plain text one by one')
    })
  })

  it('tells every event as data, and no value of a secret', async () => {
    const world = fakeWorld()
    const { stdout, stderr } = await runCli('deploy all --yes --output ndjson', { world })
    const types = new Set(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    )
    expect([...types]).toEqual(
      expect.arrayContaining(['run-started', 'step-finished', 'check-finished', 'run-finished']),
    )
    for (const { versions } of world.aws.state.secrets.values())
      for (const { value } of versions.values()) expect(`${stdout}${stderr}`).not.toContain(value)
  })

  it('refuses without a terminal, before anything is done', async () => {
    const { code, stderr } = await runCli('deploy all')
    expect(code).toBe(2)
    expect(stderr).toMatchInlineSnapshot(`
      "error: nobody can be asked here: this is no terminal
        next: add --yes (or set INTERACTIVE_MODE=false) to go on without questions; see what it would do with: llmgw plan
      "
    `)
  })

  it('takes INTERACTIVE_MODE=false for a yes', async () => {
    expect((await runCli('deploy all', { world: fakeWorld(), env: { INTERACTIVE_MODE: 'false' } })).code).toBe(0)
  })

  it('names provided values that nobody gave, before anything is written', async () => {
    const world = fakeWorld({ provided: {} })
    const { code, stderr } = await runCli('deploy all --yes', { world })
    expect(code).toBe(3)
    expect(stderr).toContain('LLMGW_SECRET_LITELLM_DATABASE_URL')
    expect(world.writes()).toEqual([])
  })

  it('says who holds the lock', async () => {
    const world = fakeWorld()
    const lock = async () => {
      throw new LockedError('Locked', 'deployment "llmgw" is locked by ann@host pid 7')
    }
    const { code, stderr } = await runCli('deploy all --yes', { world, seams: { lock } })
    expect([code, world.writes()]).toEqual([6, []])
    expect(stderr).toContain('error: deployment "llmgw" is locked by ann@host pid 7')
  })

  it('is refused on the wrong account', async () => {
    const world = fakeWorld()
    const file = FILE.replace('123456789012', '999999999999')
    const { code, stderr } = await runCli('deploy all --yes', { world, file })
    expect(code).toBe(3)
    expect(stderr).toContain('the credentials belong to account 123456789012')
    expect(stderr).toContain('expected 999999999999')
    expect(world.writes()).toEqual([])
  })

  it('fails with the cause of each failed step, and how to go on', async () => {
    const world = fakeWorld({
      verdict: ({ kind }) => (kind === 'StatefulSet' ? { failed: 'CrashLoopBackOff' } : 'ready'),
    })
    const { code, stdout } = await runCli('deploy all --yes', { world })
    expect(code).toBe(1)
    expect(stdout).toMatch(/redis: failed/)
    expect(stdout).toContain('next: mend the cause, then go on with: llmgw deploy all')
  })
})

describe('deploy of components', () => {
  it('suggests the name that was meant', async () => {
    const { code, stderr } = await runCli('deploy rediss --yes')
    expect([code, stderr]).toEqual([
      2,
      'error: there is no component "rediss"; did you mean "redis"?\n  next: see the names with: llmgw components\n',
    ])
  })

  it('names what is lacking with the command', async () => {
    const world = fakeWorld()
    const { code, stderr } = await runCli('deploy redis --yes', { world })
    expect([code, world.writes()]).toEqual([3, []])
    expect(stderr).toMatch(/next: llmgw deploy namespaces.*\(or add --with-needs\)/)
  })

  it('includes it with --with-needs, and knows other names', async () => {
    const { code, stdout } = await runCli('deploy eso --with-needs --yes', { world: fakeWorld() })
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.not.stringContaining('redis') })
  })

  it('refuses one that is off', async () => {
    const world = fakeWorld({ config: { cache: { kind: 'none' } } })
    const { code, stderr } = await runCli('deploy redis --yes', { world, file: `${FILE}cache: { kind: none }\n` })
    expect(code).toBe(2)
    expect(stderr).toContain('component redis is off in this configuration')
  })
})

describe('modes', () => {
  async function drifted() {
    const world = await deployed()
    const role = [...world.aws.state.roles.values()].find(({ name }) => name.endsWith('gateway'))
    if (role === undefined) throw new Error('no role')
    world.aws.state.roles.set(role.name, { ...role, trust: { Version: '2012-10-17', Statement: [] } })
    const before = world.writes().length
    return { world, written: () => world.writes().slice(before) }
  }

  it.each([
    ['--yes', {}, true],
    ['--yes --on-existing skip-healthy', {}, false],
    ['--yes', { AUTO_SKIP_HEALTHY: 'true' }, false],
    ['--yes', { SKIP_ALL: 'true' }, false],
    ['--yes --on-existing update', { SKIP_ALL: 'true' }, true],
    ['', { INTERACTIVE_MODE: 'false', SKIP_ALL: 'true' }, false],
  ])('%s with %o', async (flags, env, updates) => {
    const { world, written } = await drifted()
    const { code } = await runCli(`deploy all ${flags}`, { world, env: { ...env } })
    expect(code).toBe(0)
    expect(written().length > 0).toBe(updates)
  })

  it('a variable that says neither true nor false is a usage error', async () => {
    const { code, stderr } = await runCli('deploy all --yes', { env: { SKIP_ALL: 'maybe' } })
    expect([code, stderr]).toEqual([2, expect.stringContaining('SKIP_ALL is "maybe", expected true or false')])
  })
})

describe('in a terminal', () => {
  it('asks once, default no: declined is 130 and changes nothing', async () => {
    const world = fakeWorld()
    const { code, stderr } = await runCli('deploy all', {
      world,
      keys: [
        ['storage is missing', 'p'],
        ['Go on?', '\r'],
      ],
    })
    expect([code, world.writes()]).toEqual([130, []])
    expect(stderr).toMatch(/declined; nothing was changed\n$/)
  })

  it('goes on after y', async () => {
    const world = fakeWorld()
    const { code, stdout } = await runCli('deploy all', {
      world,
      keys: [
        ['storage is missing', 'p'],
        ['Go on?', 'y\r'],
      ],
    })
    expect(code).toBe(0)
    expect(stdout).toContain('Cluster test, account 123456789012, us-east-1: ')
    expect(stdout).toMatch(/: \d+ to create\. Go on\?/)
  })

  it('Q stops softly', async () => {
    const { code, stderr } = await runCli('deploy all', {
      world: await deployed(),
      keys: [['namespaces is current', 'q']],
    })
    expect([code, stderr]).toEqual([130, expect.stringMatching(/stopped; nothing was changed\n$/)])
  })

  it('V shows and asks again; A answers the rest', async () => {
    const world = await deployed()
    const before = world.writes().length
    const keys = [
      ['namespaces is current', 'v'],
      ['namespaces  current', ''],
      ['namespaces is current', 'a'],
    ] as const
    const { code, stdout } = await runCli('deploy all', { world, keys })
    expect(code).toBe(0)
    expect(stdout).not.toContain('secrets is current')
    expect(world.writes().length).toBe(before)
  })

  it('P on secrets leaves every value as it was', async () => {
    const world = await deployed()
    const values = () =>
      JSON.stringify([...world.aws.state.secrets.values()].map(({ name, versions }) => [name, [...versions.entries()]]))
    const before = values()
    const names = [...new Set(buildGraph(steps).order.map(({ component }) => component))]
    const keys = names.map((name) => [`${name} is current`, 'p'] as const)
    expect((await runCli('deploy all', { world, keys })).code).toBe(0)
    expect(values()).toBe(before)
  })
})
