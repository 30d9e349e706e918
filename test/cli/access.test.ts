import { describe, expect, it } from 'vitest'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'litellm', namespace: 'litellm' }, spec: {} }

/** A world in which only LiteLLM is to be reached. */
function withGateway(): FakeWorld {
  const world = fakeWorld()
  world.kube.seed(SERVICE)
  world.kube.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'litellm-secrets', namespace: 'litellm' },
    data: { 'master-key': Buffer.from('sk-planted-master-key').toString('base64') },
  })
  return world
}

describe('access', () => {
  it('says what is where, how to log in, and what is not deployed, without a value', async () => {
    const { code, stdout } = await runCli('access', { world: withGateway() })
    expect(code).toBe(0)
    expect(stdout).toContain('http://litellm.litellm.svc:4000')
    expect(stdout).toContain('llmgw forward litellm')
    expect(stdout).toContain(
      "kubectl get secret litellm-secrets -n litellm -o jsonpath='{.data.master-key}' | base64 -d",
    )
    expect(stdout).toMatch(/jaeger {2}Jaeger\n {2}not deployed: llmgw deploy jaeger/)
    expect(stdout).not.toContain('sk-planted')
  })

  it('shows values only when asked, and only in a terminal (B.29)', async () => {
    const world = withGateway()
    const asked = await runCli('access litellm --show', { world, keys: [] })
    expect([asked.code, asked.stdout]).toEqual([0, expect.stringContaining('sk-planted-master-key')])
    const piped = await runCli('access litellm --show', { world })
    expect([piped.code, piped.stdout]).toEqual([2, ''])
    expect(piped.stderr).toContain('this is no terminal')
  })

  it('as data, without a value', async () => {
    const { stdout } = await runCli('access litellm --output json', { world: withGateway() })
    expect(JSON.parse(stdout).endpoints).toEqual([
      {
        name: 'litellm',
        title: expect.any(String),
        deployed: true,
        url: 'http://litellm.litellm.svc:4000',
        forward: 'llmgw forward litellm',
        user: 'admin',
        secret: { namespace: 'litellm', name: 'litellm-secrets', key: 'master-key' },
      },
    ])
  })

  it('knows what is meant', async () => {
    const { code, stderr } = await runCli('access grafanna', { world: fakeWorld() })
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "grafana"?')])
  })
})

describe('forward', () => {
  it('prints where it listens, and ends with 0 when it is stopped', async () => {
    let stop: () => void = () => undefined
    const world = withGateway()
    const { code, stdout } = await runCli('forward litellm --output json', {
      world,
      onStop: (listener) => {
        stop = listener
        return () => undefined
      },
      // It runs until it is stopped, and is stopped when it has said where it listens.
      onOutput: () => stop(),
    })
    expect([code, world.writes()]).toEqual([0, []])
    expect(JSON.parse(stdout).forwards[0].url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it.each([
    ['forward litellm', 3, 'litellm: Service litellm/litellm is not there'],
    ['forward litellm=0', 2, 'expected a number from 1 to 65535'],
    ['forward nothing', 2, 'there is nothing called "nothing" to reach'],
  ])('%s is refused', async (args, code, text) => {
    const ended = await runCli(args, { world: fakeWorld() })
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(text)])
  })
})
