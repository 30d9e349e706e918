import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { SECURITY } from '../../src/cli/gateway/platform-trials.ts'
import { checks } from '../../steps/verify/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const KEY = 'sk-master-key-of-this-test'
const NAMESPACE = 'litellm'

/** What a gateway does with a call that carries the right key. */
interface Gateway {
  /** Status and body of a chat; a body that ends early is a cut stream. */
  readonly chat?: (body: { readonly model: string; readonly stream?: boolean }) => readonly [number, string]
  /** Lets everybody in. */
  readonly open?: boolean
  readonly unready?: boolean
}

const answer = (content: string) => JSON.stringify({ choices: [{ message: { content } }] })
const stream = (...pieces: readonly string[]) =>
  pieces.map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`).join('')
const DONE = 'data: [DONE]\n\n'

const fine: NonNullable<Gateway['chat']> = ({ model, stream: wanted }) => [
  200,
  wanted ? `${stream(model, ' says', ' four')}${DONE}` : answer(`${model} says four`),
]

function serve({ chat = fine, open = false, unready = false }: Gateway): RequestListener {
  return (request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      const [status, body] = decide(request.url ?? '', request.headers.authorization, text)
      response.writeHead(status).end(body)
    })
  }
  function decide(url: string, key: string | undefined, text: string): readonly [number, string] {
    if (url === '/health/readiness') return [unready ? 503 : 200, '{}']
    if (url === '/health/liveliness') return [200, '{}']
    if (!open && key !== `Bearer ${KEY}`) return [401, '{"error":{"message":"no such key"}}']
    return url === '/v1/models' ? [200, '{"data":[]}'] : chat(JSON.parse(text))
  }
}

function deployed(gateway: Gateway = {}, { ready = true } = {}): FakeWorld {
  const world = fakeWorld()
  const labels = { 'app.kubernetes.io/name': 'litellm' }
  world.kube.seed({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'litellm', namespace: NAMESPACE },
    spec: { selector: labels, ports: [{ port: 4000, targetPort: 'http' }] },
  })
  world.kube.seed({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'litellm-1', namespace: NAMESPACE, labels },
    spec: { containers: [{ name: 'proxy', ports: [{ name: 'http', containerPort: 4000 }] }] },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  })
  world.kube.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'litellm-secrets', namespace: NAMESPACE },
    data: { 'master-key': Buffer.from(KEY).toString('base64') },
  })
  world.kube.servePod({ namespace: NAMESPACE, name: 'litellm-1', port: 4000 }, serve(gateway))
  return world
}

describe('llmgw chat', () => {
  it('asks the first model of the configuration through the pod, and never shows the key', async () => {
    const { code, stdout, stderr } = await runCli('chat what is 2+2', { world: deployed() })
    expect(stderr).toContain('claude-sonnet through pod litellm/litellm-1')
    expect([code, stdout]).toEqual([0, 'claude-sonnet says four\n'])
    expect(stdout + stderr).not.toContain(KEY)
  })

  it('asks the model that is named; as data it gives the whole answer', async () => {
    const { code, stdout } = await runCli('chat --model nova-lite --output json hello', { world: deployed() })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ choices: [{ message: { content: 'nova-lite says four' } }] })
  })

  it.each([
    ['ServiceNotThere', fakeWorld(), 'Service litellm/litellm is not there'],
    ['ServiceNotReady', deployed({}, { ready: false }), 'no ready pod'],
    ['GatewayRefused', deployed({ chat: () => [400, '{"error":{"message":"no such model"}}'] }), 'no such model'],
    [
      'GatewayRefused',
      deployed({ chat: () => [200, `${stream('half')}data: {"error":{"message":"model overloaded"}}\n\n`] }),
      'the gateway ended the stream',
    ],
    ['StreamCut', deployed({ chat: () => [200, stream('half')] }), 'ended before its end was told'],
    ['EmptyAnswer', deployed({ chat: () => [200, DONE] }), 'answered nothing'],
  ])('ends with %s', async (codeName, world, words) => {
    const { code, stderr } = await runCli('chat hello', { world })
    expect(code).toBe(1)
    expect(stderr).toContain(words)
    expect(stderr).toContain(codeName)
  })
})

describe('llmgw test', () => {
  const results = async (words: string, gateway?: Gateway) => {
    const { code, stdout } = await runCli(`test ${words} --output json`, { world: deployed(gateway) })
    const { trials } = JSON.parse(stdout) as { trials: { title: string; result: string }[] }
    return { code, failed: trials.filter(({ result }) => result === 'fail').map(({ title }) => title), trials }
  }

  it('all: passes where everything works, with a stream of each model', async () => {
    const { code, failed, trials } = await results('all --stream')
    expect([code, failed]).toEqual([0, []])
    expect(trials.map(({ title }) => title)).toContain('nova-lite streams')
  })

  it('fails for exactly what is broken', async () => {
    expect(await results('all', { unready: true })).toMatchObject({ code: 1, failed: ['the gateway is ready'] })
    expect(await results('auth', { open: true })).toMatchObject({
      code: 1,
      failed: ['a call without a key is refused', 'a wrong key is refused'],
    })
    const denied: Gateway['chat'] = (body) => (body.model === 'nova-lite' ? [403, '{}'] : fine(body))
    expect(await results('models', { chat: denied })).toMatchObject({ code: 1, failed: ['nova-lite answers'] })
    const silent: Gateway['chat'] = ({ stream: wanted }) => [200, wanted ? DONE : answer(' ')]
    expect((await results('models --model nova-lite --stream', { chat: silent })).failed).toEqual([
      'nova-lite answers',
      'nova-lite streams',
    ])
  })

  it('auth: tries a token that nobody signed, where tokens are taken', async () => {
    const tokens = 'issuer: https://id.example.com, audience: gateway, jwksUrl: https://id.example.com/keys'
    const file = `${FILE}auth: { gateway: { mode: custom-jwt, ${tokens} } }\n`
    for (const open of [false, true]) {
      const { stdout } = await runCli('test auth --output json', { world: deployed({ open }), file })
      const { trials } = JSON.parse(stdout) as { trials: { title: string; result: string }[] }
      const title = 'a token that nobody signed is refused'
      expect(trials).toContainEqual(expect.objectContaining({ title, result: open ? 'fail' : 'pass' }))
    }
  })

  it('production asks checks that verify has', () => {
    const ids = new Set(checks.map(({ id }) => id))
    expect([...SECURITY].filter((id) => !ids.has(id))).toEqual([])
    expect(SECURITY.size).toBeGreaterThan(0)
  })

  it('production: every model also as a stream, and what secures the platform, or it is not ready', async () => {
    const { code, failed, trials } = await results('production')
    expect(trials.map(({ title }) => title)).toContain('nova-lite streams')
    // Nothing but the gateway is there.
    expect(code).toBe(1)
    expect(failed).toContain('Every secret has a current value in AWS Secrets Manager')
    expect(failed).toContain('NetworkPolicies are as wanted')
  })

  it('refuses a test that there is none of', async () => {
    const { code, stderr } = await runCli('test everything', { world: deployed() })
    expect(code).toBe(2)
    expect(stderr).toContain('health, auth, models, guardrails, production, all')
  })
})

const MESSAGE = 'This was blocked by a rule of this service.'
const RULES = `${FILE}guardrails: { kind: rules, words: [duck] }\n`

interface Asked {
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly stream?: boolean
}

interface Keeping {
  readonly input: boolean
  readonly output: boolean
  /** The model avoids the word. */
  readonly mute?: boolean
}

function given(said: string, { mute = false }: Keeping): string {
  const letters = /: (d-u-c-k)$/.exec(said)?.[1]
  if (letters === undefined) return `You said: ${said}`
  return mute ? 'No.' : letters.replaceAll('-', '')
}

/** A gateway that keeps the rule as well as `how` says. */
const keeping =
  (how: Keeping): NonNullable<Gateway['chat']> =>
  (body) => {
    const { messages, stream: wanted } = body as unknown as Asked
    const said = messages.at(-1)?.content ?? ''
    const text = given(said, how)
    const asked = how.input && said.replaceAll('\u200b', '').toLowerCase().includes('duck')
    const content = asked || (how.output && text.includes('duck')) ? MESSAGE : text
    return [200, wanted ? `${stream(content)}${DONE}` : answer(content)]
  }

describe('llmgw test guardrails', () => {
  const tried = async (chat: NonNullable<Gateway['chat']>, file = RULES) => {
    const { code, stdout } = await runCli('test guardrails --model nova-lite --output json', {
      world: deployed({ chat }),
      file,
    })
    const { trials } = JSON.parse(stdout) as { trials: { title: string; result: string; found: string }[] }
    const told = (wanted: string) =>
      trials.filter(({ result }) => result === wanted).map(({ title }) => title.replace('nova-lite: ', ''))
    return { code, failed: told('fail'), skipped: told('skip'), passed: told('pass') }
  }

  it('passes where rules hold', async () => {
    const { code, failed, skipped, passed } = await tried(keeping({ input: true, output: true }))
    expect([code, failed, skipped, passed.length]).toEqual([0, [], [], 7])
  })

  it('fails where no guardrail is installed', async () => {
    expect(await tried(keeping({ input: false, output: false }))).toMatchObject({
      code: 1,
      failed: [
        'a forbidden question is not asked',
        'nor in capital letters',
        'nor with unseen characters inside',
        'a forbidden answer is not given',
        'nor as a stream',
      ],
    })
  })

  it('fails for the half that does not hold', async () => {
    expect((await tried(keeping({ input: true, output: false }))).failed).toEqual([
      'a forbidden answer is not given',
      'nor as a stream',
    ])
  })

  it('fails where everything is blocked', async () => {
    const all = await tried(() => [200, answer(MESSAGE)])
    expect(all.failed).toEqual(
      expect.arrayContaining(['a harmless question is answered', 'a conversation goes on after a blocked question']),
    )
  })

  it('shows nothing where a model avoids the word, and says so', async () => {
    const { code, skipped } = await tried(keeping({ input: true, output: false, mute: true }))
    expect([code, skipped]).toEqual([0, ['a forbidden answer is not given', 'nor as a stream']])
  })

  it('has shown nothing without rules', async () => {
    expect(await tried(keeping({ input: true, output: true }), FILE)).toMatchObject({
      code: 1,
      skipped: ['rules hold'],
    })
  })
})

describe('llmgw examples', () => {
  it.each([
    ['curl', '"model": "claude-sonnet"'],
    ['python', 'model="claude-sonnet"'],
    ['node', 'model: "claude-sonnet"'],
  ])('%s names a model of the configuration', async (language, words) => {
    const { code, stdout } = await runCli(`examples ${language}`)
    expect([code, stdout.includes(words)]).toEqual([0, true])
  })

  it('knows no other language', async () => {
    expect((await runCli('examples cobol')).code).toBe(2)
  })
})
