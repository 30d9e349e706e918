import { describe, expect, it } from 'vitest'
import { PreflightError } from '../../src/errors.ts'
import { components } from '../../steps/index.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

async function deployed() {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  return world
}

describe('usage', () => {
  it.each([
    'init',
    'config',
    'validate',
    'deploy',
    'plan',
    'status',
    'verify',
    'keys create',
    'doctor',
    'destroy',
    'components',
    'version',
    'explain',
    'completion',
    'sandbox',
  ])('%s --help', async (verb) => {
    const { code, stdout } = await runCli(`${verb} --help`)
    expect(code).toBe(0)
    expect(stdout).toMatchSnapshot()
  })

  it('--help', async () => {
    const { code, stdout } = await runCli('--help')
    expect([code, stdout]).toMatchSnapshot()
  })

  it.each([
    ['depoly all', "error: unknown command 'depoly'\n(Did you mean deploy?)\n"],
    ['deploy', 'error: deploy needs names of components, or all\n  next: llmgw deploy all\n'],
    [
      'deploy all --concurrency 0',
      "error: option '--concurrency <number>' argument '0' is invalid. expected a whole number from 1 to 999\n",
    ],
    [
      'deploy all --timeout soon',
      "error: option '--timeout <duration>' argument 'soon' is invalid. expected a whole number followed by s, m or h, e.g. 5m\n",
    ],
    [
      'destroy all --keep-secrets --purge-secrets',
      "error: option '--keep-secrets' cannot be used with option '--purge-secrets'\n",
    ],
  ])('%s is a usage error', async (args, stderr) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr })
  })

  it('--version', async () => {
    expect((await runCli('--version')).stdout).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('components', async () => {
    const { stdout } = await runCli('components --graph')
    expect(stdout).toContain('external-secrets  External Secrets operator, store and synced Secrets (also: eso)')
    expect(stdout).toContain('needs applied(namespaces), applied(storage), ready(secret-sync)')
  })
})

describe('plan', () => {
  it('changes nothing, and tells differences by exit code only when asked', async () => {
    const world = fakeWorld()
    const plain = await runCli('plan redis', { world })
    const coded = await runCli('plan redis --exit-code', { world })
    expect([plain.code, coded.code, world.writes()]).toEqual([0, 4, []])
    expect(plain.stdout).toMatch(/^redis {2}missing\n {2}\+ create {2}helm release litellm\/redis/)
    expect(plain.stdout).toMatch(/Plan: 1 to create\.\n$/)
  })

  it('says so when there is nothing', async () => {
    const { code, stdout } = await runCli('plan --exit-code', { world: await deployed() })
    expect([code, stdout]).toEqual([0, `Plan: nothing to change; ${components.length} components as wanted.\n`])
  })

  it('as data', async () => {
    const { stdout } = await runCli('plan --output json', { world: fakeWorld() })
    expect(JSON.parse(stdout)).toMatchObject({ differs: true, target: { clusterName: 'test' } })
  })

  it('exits with 3 where it could not look', async () => {
    const world = fakeWorld()
    world.aws.failNext('iam.findRole', new Error('throttled'))
    const { code, stderr } = await runCli('plan irsa', { world })
    expect(code).toBe(3)
    expect(stderr).toContain('could not look at irsa-gateway, so nothing was started')
  })
})

describe('status', () => {
  it('is a table: a line for each component, with what is known of its release', async () => {
    const { code, stdout } = await runCli('status', { world: await deployed() })
    expect(code).toBe(0)
    const lines = stdout.trim().split('\n')
    expect(lines[0]).toMatch(/^COMPONENT +STATE +VERSION +AGE +READY +DETAIL$/)
    expect(lines).toContainEqual(expect.stringMatching(/^namespaces +current$/))
    expect(lines).toContainEqual(expect.stringMatching(/^external-secrets +current +1\.0\.0 +\d+ d +3\/3$/))
    expect(
      lines
        .slice(1)
        .map((line) => line.split(/ +/).slice(0, 2).join(' '))
        .sort(),
    ).toEqual(components.map(({ name }) => `${name} current`).sort())
  })

  const event = (reason: string, about: object, minute: number) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `event-${minute}`, namespace: 'litellm' },
    type: 'Warning',
    reason,
    message: 'said by a controller',
    involvedObject: about,
    lastTimestamp: new Date(Date.UTC(2025, 11, 31, 23, minute)).toISOString(),
  })

  it('names version, ready workloads and the newest warning, by the component that it is about', async () => {
    const world = await deployed()
    world.kube.seed(event('Older', { kind: 'Pod', name: 'redis-redis-ha-server-0', namespace: 'litellm' }, 1))
    world.kube.seed(event('Unhealthy', { kind: 'Pod', name: 'redis-redis-ha-server-0', namespace: 'litellm' }, 5))
    world.kube.seed(event('UpdateFailed', { kind: 'ExternalSecret', name: 'redis-credentials' }, 3))
    world.kube.seed(event('Foreign', { kind: 'Pod', name: 'somebody-else', namespace: 'litellm' }, 9))
    const { stdout } = await runCli('status --output json', { world })
    const { components } = JSON.parse(stdout) as { components: { component: string; warning?: { text: string } }[] }
    expect(components.find(({ component }) => component === 'redis')).toMatchObject({
      version: { running: '1.0.0', wanted: '1.0.0' },
      workloads: { ready: 1, total: 1 },
      changedAt: expect.any(String),
      warning: { text: 'event Unhealthy on Pod redis-redis-ha-server-0: said by a controller' },
    })
    const said = components.flatMap(({ component, warning }) => (warning ? [`${component}: ${warning.text}`] : []))
    expect(said).toEqual([
      'external-secrets: event UpdateFailed on ExternalSecret redis-credentials: said by a controller',
      'redis: event Unhealthy on Pod redis-redis-ha-server-0: said by a controller',
    ])
  })

  it('still draws the states where it cannot look for more, and says so', async () => {
    const world = await deployed()
    world.kube.failNext(
      ({ verb, ref }) => verb === 'list' && ref.kind === 'Event',
      new PreflightError('KubeForbidden', 'events are forbidden'),
    )
    const { code, stdout, stderr } = await runCli('status', { world })
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^redis +current/m)])
    expect(stderr).toContain('could not look for versions, workloads and warnings: events are forbidden')
  })

  it.each([
    ['', /^2026\S+Z\nCOMPONENT[\s\S]*redis +current/],
    ['--output json', /^\{"at":"2026[^"]+","command":"status redis"/],
  ])('with --watch looks until it is stopped, and ends well %s', async (flags, first) => {
    const world = await deployed()
    let looks = 0
    let stop = (): void => undefined
    const clock = {
      ...world.clock,
      sleep: async (ms: number, signal?: AbortSignal) => {
        if (ms !== 5_000) return await world.clock.sleep(ms, signal)
        looks += 1
        if (looks === 2)
          await world.helm.uninstall('redis', 'litellm', { timeoutMs: 1000, signal: new AbortController().signal })
        if (looks === 4) stop()
        signal?.throwIfAborted()
      },
    }
    const onStop = (listener: () => void) => {
      stop = listener
      return () => undefined
    }
    const { code, stdout } = await runCli(`status redis --watch ${flags}`, { world, onStop, seams: { clock } })
    expect(code).toBe(0)
    expect(stdout).toMatch(first)
    // Four looks, of which one saw something new.
    expect(stdout.match(/2026-\d\d-\d\dT[\d:.]+Z/g)?.length).toBe(2)
    expect(stdout).toMatch(/missing/)
  })

  it('has an exit code of its own on request', async () => {
    expect((await runCli('status --exit-code', { world: fakeWorld() })).code).toBe(4)
  })
})

describe('verify', () => {
  it('passes on what is deployed and fails on what is not, each with what it looked at', async () => {
    const good = await runCli('verify', { world: await deployed() })
    const bad = await runCli('verify redis', { world: fakeWorld() })
    expect([good.code, bad.code]).toEqual([0, 1])
    // Probes, guardrails that there are none of, a Redis without TLS, a login without an account, and certificates that no operator has made yet.
    expect(good.stdout).toMatch(/verified: \d+ of \d+ checks passed, 6 skipped\n$/)
    expect(good.stdout).not.toMatch(/^(warn|fail)/m)
    expect(bad.stdout).toMatch(/fail {2}Helm release redis is deployed\n {6}looked at helm release litellm\/redis: /)
  })

  it('calls models only when it may, and says first what that may cost', async () => {
    const world = await deployed()
    const models = () => world.litellm.asked.filter((path) => path === '/v1/chat/completions').length
    const without = await runCli('verify --only model-answers,cache-serves,litellm-keys', { world })
    expect([without.code, models()]).toEqual([0, 0])
    expect(without.stdout).toMatch(/it calls models, which costs money\n {6}next: llmgw verify --probe/)
    const probed = await runCli('verify --only model-answers,cache-serves --probe', { world })
    expect([probed.code, models()]).toEqual([0, 8])
    expect(probed.stderr).toContain(
      "probing: at most 12 calls of 3 models, 50 tokens of answer each: at most $0.0000 by LiteLLM's prices, and 3 models without a known price",
    )
  })

  it('has verified nothing where it could look at nothing', async () => {
    const { code, stdout } = await runCli('verify --only model-answers', { world: await deployed() })
    expect([code, stdout]).toEqual([1, expect.stringContaining('not verified: 0 of 1 checks passed, 1 skipped')])
  })

  it('names the check that was meant', async () => {
    const { code, stderr } = await runCli('verify --only litellm-cash', { world: await deployed() })
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean litellm-cache?')])
  })
})

describe('destroy', () => {
  it('needs two flags where nobody can type', async () => {
    for (const args of ['destroy all', 'destroy all --yes', 'destroy all --confirm llmgw']) {
      const { code, stderr } = await runCli(args)
      expect([code, stderr]).toEqual([2, expect.stringContaining('add --yes --confirm NAME')])
    }
  })

  it('refuses another name, and what others need', async () => {
    const world = await deployed()
    const before = world.writes().length
    const other = await runCli('destroy all --yes --confirm prod', { world })
    const needed = await runCli('destroy secrets --yes --confirm llmgw', { world })
    expect([other.code, needed.code, world.writes().length]).toEqual([2, 3, before])
    expect(other.stderr).toContain('--confirm names "prod", the deployment is "llmgw"')
    expect(needed.stderr).toContain('next: llmgw destroy external-secrets monitoring redis litellm openwebui secrets')
  })

  it('removes all, schedules secrets, says both before; and is fine a second time', async () => {
    const world = await deployed()
    const first = await runCli('destroy all --yes --confirm llmgw', { world })
    const again = await runCli('destroy all --yes --confirm llmgw', { world })
    expect([first.code, again.code]).toEqual([0, 0])
    expect(first.stdout).toContain('Deployment llmgw on cluster test in account 123456789012 loses')
    expect(first.stdout).toContain('secrets in AWS are scheduled for deletion, with a recovery window.')
    expect(world.writes().join('\n')).toMatch(/scheduleDeletion/)
    expect(world.writes().join('\n')).not.toMatch(/purge/)
  })

  it('wants the name typed in a terminal', async () => {
    const world = await deployed()
    const wrong = await runCli('destroy openwebui', { world, keys: [['Type "llmgw"', 'prod\r']] })
    const right = await runCli('destroy openwebui', { world, keys: [['Type "llmgw"', 'llmgw\r']] })
    expect([wrong.code, right.code]).toEqual([130, 0])
  })
})

describe('errors', () => {
  it('come as data where the result is data', async () => {
    const { code, stdout } = await runCli('status --output json', { world: fakeWorld(), file: `${FILE}cashe: 1\n` })
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'ConfigInvalid',
        message: 'llmgw.yaml:4:1: cashe: is not a known key; did you mean "cache"?',
      },
      exitCode: 2,
    })
  })

  it('that nobody expected are our bug, with a stack', async () => {
    const seams = { connect: () => Promise.reject(new TypeError('boom')) }
    const { code, stderr } = await runCli('status', { world: fakeWorld(), seams })
    expect(code).toBe(70)
    expect(stderr).toMatch(/^error: TypeError: boom\n(.*\n)+this is a bug in llmgw/)
  })

  it('never show a secret value', async () => {
    const env = { LLMGW_SECRET_REDIS_PASSWORD: 'planted-canary-value' }
    const seams = { connect: () => Promise.reject(new Error('failed with planted-canary-value')) }
    const { stderr } = await runCli('status --debug', { world: fakeWorld(), env, seams })
    expect(stderr).toContain('failed with ***')
    expect(stderr).not.toContain('planted-canary-value')
  })
})

describe('Ctrl-C', () => {
  it('stops, says so, and exits with 130', async () => {
    let stop: (signal: 'SIGINT') => void = () => undefined
    const world = fakeWorld({
      verdict: ({ kind }) => {
        if (kind === 'StatefulSet') setImmediate(() => stop('SIGINT'))
        return kind === 'StatefulSet' ? 'progressing' : 'ready'
      },
    })
    const onStop = (listener: typeof stop) => {
      stop = listener
      return () => undefined
    }
    const { code, stdout, stderr } = await runCli('deploy all --yes', { world, onStop })
    expect(code).toBe(130)
    expect(stderr).toContain('stopping: waiting for changes under way')
    expect(stdout).toContain('go on with: llmgw deploy all')
  })
})
