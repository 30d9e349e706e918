import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

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

  it('refuses a test that there is none of', async () => {
    const { code, stderr } = await runCli('test everything', { world: deployed() })
    expect(code).toBe(2)
    expect(stderr).toContain('health, auth, models, all')
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
