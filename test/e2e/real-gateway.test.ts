import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createServiceCalls } from '../../src/adapters/service-calls/service-calls.ts'
import type { ObjectRef } from '../../src/ports/index.ts'
import { freePort } from '../../src/sandbox/ports.ts'
import type { RunnerWorld } from '../../src/sandbox/runtime/runner.ts'
import { Secret } from '../../src/secret.ts'
import { until } from '../sandbox-aws/kube.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { llmgw } from './world/llmgw.ts'

const NAMESPACE = 'llm-gateway'
const sandbox = useDeployedSandbox('e2e-real', { deploy: false, runtime: 'process' })
const SERVICE = { apiVersion: 'v1', kind: 'Service', namespace: NAMESPACE, name: 'litellm' }
const PASSWORDS = { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACE, name: 'redis-credentials' }
const MODELS = ['claude-sonnet', 'claude-haiku', 'nova-lite']
const WEB_UI = { namespace: NAMESPACE, name: 'open-webui', port: 80, component: 'openwebui' } as const
const KEYS_OF_WEB_UI = {
  ...SERVICE,
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  name: 'openwebui-secrets',
}
const ADDRESSES = 'OPENAI_API_BASE_URLS'
const REDIS = { namespace: NAMESPACE, name: 'redis-redis-ha-server-0', port: 6379 }

/** The gateway with its cache and a rule about words, and a chat interface with an account of its own. */
const CONFIG = {
  apiVersion: 'llmgw/v1',
  preset: 'lean',
  storage: { manage: 'create' },
  cache: { kind: 'redis-ha', replicas: 1, storage: '1Gi', memory: '128Mi' },
  guardrails: { kind: 'rules', words: ['duck'] },
}

async function run(words: string, config: object = CONFIG, started?: (child: ChildProcess) => void) {
  const file = join(sandbox.connection.dir, 'real.yaml')
  await writeFile(file, stringify(config))
  const env = { ...sandbox.env, INTERACTIVE_MODE: 'false' }
  const args = [...words.split(' '), '--sandbox=e2e-real', '--config', file]
  return await llmgw(args, { env, ...(started && { started }) })
}

/** Over a connection of its own: one that is kept would still lead to the pod that it was opened to. */
async function answersAt(port: number): Promise<true | undefined> {
  const asking = get({ port, host: '127.0.0.1', path: '/health/liveliness', agent: false, timeout: 20_000 })
  asking.on('timeout', () => asking.destroy())
  const [answer] = await once(asking, 'response').catch(() => [undefined])
  answer?.resume()
  return answer?.statusCode === 200 ? true : undefined
}

interface Told {
  readonly checks: readonly { readonly check: string; readonly result: string; readonly found: string }[]
}

/** Checks that failed, with what they found. */
async function red(more = '', config: object = CONFIG): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run(`verify litellm redis openwebui external-secrets${more} --output json`, config)
  const { checks } = JSON.parse(stdout) as Told
  return new Map(checks.filter(({ result }) => result === 'fail').map(({ check, found }) => [check, found]))
}

/** Commands to Redis, one after the other. Source: Redis documentation, inline commands. */
async function redis(...commands: readonly string[]): Promise<void> {
  const stream = await sandbox.at.kube.connect(REDIS)
  let heard = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    heard += chunk
  })
  stream.write([...commands, 'PING done', ''].join('\r\n'))
  await until('an answer of Redis', async () => (/done|^-/m.test(heard) ? true : undefined))
  stream.destroy()
  if (/^-/m.test(heard)) throw new Error(`Redis refused: ${heard}`)
}

async function valueIn(secret: ObjectRef, key: string): Promise<string> {
  const { data = {} } = ((await sandbox.at.kube.find(secret)) ?? {}) as { readonly data?: Record<string, string> }
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8')
}

const passwordOfRedis = () => valueIn(PASSWORDS, 'redis-password')
const keysOfWebUi = (key: string) => valueIn({ ...PASSWORDS, name: 'openwebui-secrets' }, key)

/** What Open WebUI says to its administrator, logged in with the generated password. */
async function askWebUi(path: string, body?: object): Promise<unknown> {
  const calls = createServiceCalls(sandbox.at.kube)
  const who = { email: 'admin@llmgw.internal', password: await keysOfWebUi('webui-admin-password') }
  const login = await calls.call(WEB_UI, { path: '/api/v1/auths/signin', body: who })
  const { token } = JSON.parse(login.text) as { readonly token: string }
  const answer = await calls.call(WEB_UI, { path, key: new Secret(token), ...(body && { body }) })
  expect(answer.status, answer.text).toBe(200)
  return JSON.parse(answer.text)
}

/** Names of the models that it offers, its own aside. */
async function modelsInWebUi(): Promise<readonly string[]> {
  const { data } = (await askWebUi('/api/models')) as { readonly data: readonly { id: string; owned_by: string }[] }
  return data.filter(({ owned_by }) => owned_by === 'openai').map(({ id }) => id)
}

interface Mapping {
  readonly spec: {
    readonly data: readonly { readonly secretKey: string; readonly remoteRef: { readonly key: string } }[]
  }
}

/** While Open WebUI's key is read from another secret, as a slip in the mapping would have it. */
async function withOtherKey<Found>(work: () => Promise<Found>): Promise<Found> {
  const { kube } = sandbox.at
  const key = 'openai-api-key'
  const [right, found] = await Promise.all([keysOfWebUi(key), kube.find(KEYS_OF_WEB_UI)])
  const { data } = (found as unknown as Mapping).spec
  const remoteRef = { key: 'openwebui/webui-secret-key' }
  const other = data.map((one) => (one.secretKey === key ? { ...one, remoteRef } : one))
  await kube.patch(KEYS_OF_WEB_UI, { spec: { data: other } })
  await until('the other key', async () => ((await keysOfWebUi(key)) === right ? undefined : true))
  const seen = await work()
  await kube.patch(KEYS_OF_WEB_UI, { spec: { data } })
  await until('its own key again', async () => ((await keysOfWebUi(key)) === right ? true : undefined))
  return seen
}

interface Workload {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[] }
    }
  }
}

/** Gives its pods another address of LiteLLM, as `kubectl set env` does. @returns the address before */
async function leadWebUi(change: (address: string) => string): Promise<string> {
  const workload = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: NAMESPACE, name: 'open-webui' }
  const found = (await sandbox.at.kube.find(workload)) as unknown as Workload
  const [first, ...rest] = found.spec.template.spec.containers
  const before = first?.env.find(({ name }) => name === ADDRESSES)?.value ?? ''
  const env = first?.env.map((one) => (one.name === ADDRESSES ? { name: ADDRESSES, value: change(before) } : one))
  await sandbox.at.kube.patch(workload, { spec: { template: { spec: { containers: [{ ...first, env }, ...rest] } } } })
  return before
}

const faults = (method: 'POST' | 'DELETE', body?: object) =>
  fetch(`${sandbox.connection.models}/llmgw-sandbox/faults`, { method, ...(body && { body: JSON.stringify(body) }) })

beforeAll(async () => {
  const ended = await run('deploy all')
  if (ended.code !== 0) throw new Error(`deploy all ended with ${ended.code}:\n${ended.output}`)
})

describe.sequential('the real LiteLLM, Redis and Open WebUI behind their pods', () => {
  test('answer, keep the rules, and pass every check that asks them', async () => {
    const tried = await run('test all --stream')
    expect(tried.code, tried.output).toBe(0)
    expect(tried.stdout).toMatch(/pass {2}nova-lite: a forbidden answer is not given\n {6}blocked/)
    const verified = await run('verify litellm redis openwebui --probe')
    expect(verified.code, verified.output).toBe(0)
    expect(verified.stdout).toContain('Redis answers')
    expect(verified.stdout).toContain('the second answer is the first one')
  })

  test('Open WebUI offers the models of the gateway to whom is logged in, and hands on what one answers', async () => {
    expect(await modelsInWebUi()).toEqual(MODELS)
    const messages = [{ role: 'user', content: 'Who stands behind the window?' }]
    const chat = await askWebUi('/api/chat/completions', { model: 'nova-lite', stream: false, messages })
    expect(chat).toMatchObject({
      choices: [{ message: { content: expect.stringContaining('answers: Who stands behind the window?') } }],
    })
  })

  test("another secret's value in place of Open WebUI's key: LiteLLM's refusal and the copy that differs are red, nothing else", async () => {
    const found = await withOtherKey(() => red())
    expect([...found.keys()].sort()).toEqual(['open-webui-models', 'secret-values'])
    expect(found.get('secret-values')).toMatch(/key openai-api-key differs from litellm\/master-key/)
    expect(found.get('open-webui-models')).toMatch(/^HTTP 400: /)
    expect(await red()).toEqual(new Map())
  })

  test('Open WebUI led to a Service that is not there: it is ready, and two checks tell that it offers nothing', async () => {
    const right = await leadWebUi((address) => address.replace('litellm', 'litelm'))
    const found = await until(
      'what is red',
      async () => {
        const seen = await red()
        return seen.has('open-webui-offers') && !seen.has('rollout-open-webui') ? seen : undefined
      },
      180_000,
    )
    await leadWebUi(() => right)
    expect([...found.keys()].sort()).toEqual(['open-webui-gateway', 'open-webui-offers'])
    expect(found.get('open-webui-gateway')).toContain(`there is no Service ${NAMESPACE}/litelm`)
    expect(found.get('open-webui-offers')).toContain('nova-lite is not offered')
    await until('nothing red', async () => ((await red()).size === 0 ? true : undefined), 180_000)
  })

  test('a model that the role may not call turns its check red alone, with the words of the provider', async () => {
    await faults('POST', { kind: 'denied', model: 'us.amazon.nova-lite-v1:0', times: 100 })
    const found = await red(' --probe')
    await faults('DELETE')
    expect([...found.keys()]).toEqual(['model-answers'])
    expect(found.get('model-answers')).toMatch(/^nova-lite: HTTP 403: .*don't have access to the model/)
  })

  test("Redis' password changed: LiteLLM is ready, and only the cache's own check tells", async () => {
    const password = await passwordOfRedis()
    await redis(`AUTH ${password}`, 'CONFIG SET requirepass another-password', 'CLIENT KILL TYPE normal SKIPME yes')
    const found = await red()
    await redis('AUTH another-password', `CONFIG SET requirepass ${password}`)
    expect([...found.keys()]).toEqual(['litellm-cache'])
    expect(found.get('litellm-cache')).toMatch(/503/)
  })

  test('a Service that selects nothing: nobody answers, and the checks that would ask skip', async () => {
    const { spec } = (await sandbox.at.kube.find(SERVICE)) as unknown as { spec: { selector: Record<string, string> } }
    await sandbox.at.kube.patch(SERVICE, { spec: { selector: { 'app.kubernetes.io/name': 'litelm' } } })
    await until('no endpoints', async () => ((await red()).has('litellm-endpoints') ? true : undefined))
    const found = await red()
    await sandbox.at.kube.patch(SERVICE, { spec: { selector: spec.selector } })
    expect([...found.keys()].sort()).toEqual(['litellm-endpoints', 'litellm-ready'])
    expect(found.get('litellm-ready')).toContain(`no ready pod stands behind Service ${NAMESPACE}/litellm`)
  })

  test('a simulated container is no answer', async () => {
    const calls = createServiceCalls(sandbox.at.kube)
    const metrics = { namespace: NAMESPACE, name: 'litellm-metrics', port: 4001, component: 'litellm' } as const
    await expect(calls.call(metrics, { path: '/metrics' })).rejects.toMatchObject({ code: 'PodSimulated' })
  })

  test('kubectl runs commands beside the real processes, and is told where there is none', async () => {
    const { dir, kubeconfig } = sandbox.connection
    const { tools } = JSON.parse(await readFile(join(dir, 'runtime', 'world.json'), 'utf8')) as RunnerWorld
    const inside = (words: readonly string[], input = '') => {
      const args = ['--kubeconfig', kubeconfig, '-n', NAMESPACE, 'exec', ...words]
      return execa(tools.kubectl ?? 'kubectl', args, { reject: false, input, timeout: 60_000 })
    }
    const server = ['-i', REDIS.name, '-c', 'redis', '--']
    const script = 'REDISCLI_AUTH="$AUTH" redis-cli "$(cat)"; exit 3'
    const asked = await inside([...server, 'sh', '-c', script], 'PING')
    expect(asked, asked.stderr).toMatchObject({ exitCode: 3, stdout: 'PONG' })
    expect(asked.stderr).toContain('command terminated with exit code 3')
    expect((await inside([...server, 'nothere'])).stderr).toContain('executable file not found in $PATH')
    const sentinel = await inside([REDIS.name, '-c', 'sentinel', '--', 'true'])
    expect(sentinel.exitCode).toBe(1)
    expect(sentinel.stderr).toContain(`container sentinel of pod ${NAMESPACE}/${REDIS.name} is simulated`)
    expect((await inside([REDIS.name, '-c', 'nobody', '--', 'true'])).stderr).toContain('nobody is not valid for pod')
  })

  test('a forwarded port leads to the next pod when its own is gone', async () => {
    const { kube } = sandbox.at
    const port = await freePort()
    expect(await answersAt(port)).toBeUndefined()
    let child: ChildProcess | undefined
    const forwarding = run(`forward litellm=${port}`, CONFIG, (process) => {
      child = process
    })
    await until('an answer through the port', () => answersAt(port))
    const labelSelector = 'app.kubernetes.io/name=litellm'
    const [pod] = await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE, labelSelector })
    const first = { apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE, name: pod?.metadata.name ?? '' }
    await kube.remove(first)
    await until('the end of its pod', async () => ((await kube.find(first)) === undefined ? true : undefined))
    await until('an answer of the next pod', () => answersAt(port), 120_000)
    child?.kill('SIGINT')
    const ended = await forwarding
    expect(ended.code, ended.output).toBe(0)
    expect(ended.output).toContain(`pod ${first.name} was replaced by litellm-`)
    expect(await answersAt(port)).toBeUndefined()
  })

  test("a rotation of Redis' password that is killed goes on: the new one is in use, and the old one refused", async () => {
    const before = await passwordOfRedis()
    const rotate = 'secrets rotate redis-password --yes'
    const killed = await run(rotate, CONFIG, (child) => {
      const heard = (text: Buffer) => /^restart-\S+: applied$/m.test(String(text)) && child.kill('SIGKILL')
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', heard)
    })
    expect(killed.signal, killed.output).toBe('SIGKILL')
    const ended = await run(rotate)
    expect(ended.code, ended.output).toBe(0)
    expect(ended.output).toContain('a rotation of redis-password has begun: going on with it')
    const after = await passwordOfRedis()
    expect(after).not.toBe(before)
    await expect(redis(`AUTH ${before}`)).rejects.toThrow(/WRONGPASS/)
    await redis(`AUTH ${after}`)
    expect(await red()).toEqual(new Map())
  })

  test('a rotation of the master key: LiteLLM takes the new one and refuses the old one', async () => {
    const value = async () => (await sandbox.at.aws.secretsManager.value('litellm/master-key'))?.value
    const before = await value()
    const ended = await run('secrets rotate litellm-master-key --yes --confirm litellm-master-key')
    expect(ended.code, ended.output).toBe(0)
    const calls = createServiceCalls(sandbox.at.kube)
    const target = { namespace: NAMESPACE, name: 'litellm', port: 4000, component: 'litellm' } as const
    const statuses = [before, await value()].map(
      async (key) => (await calls.call(target, { path: '/v1/models', ...(key && { key }) })).status,
    )
    // Without a database it has nowhere to look for a key that is not the master key, and says 400.
    expect(await Promise.all(statuses)).toEqual([400, 200])
    // Without a database it is Open WebUI's key, too: it was started anew with it.
    expect(await modelsInWebUi()).toEqual(MODELS)
  })

  test('a configuration that LiteLLM does not start with ends the deploy with its own last lines', async () => {
    const settings = { litellm: { callbacks: ['nowhere.to_be_found'] } }
    const ended = await run('deploy litellm', { ...CONFIG, gateway: { settings } })
    expect(ended.code, ended.output).toBe(1)
    expect(ended.output).toMatch(/CrashLoopBackOff/)
    expect(ended.output).toMatch(/nowhere/)
    expect(ended.output).not.toMatch(/took longer|timed out/)
  })

  test('mended, with login by an identity provider: Open WebUI leads there, and back to the address of the configuration alone', async () => {
    const auth = { ui: 'oidc' }
    const ended = await run('deploy all', { ...CONFIG, auth })
    expect(ended.code, ended.output).toBe(0)
    const verified = await run('verify openwebui', { ...CONFIG, auth })
    expect(verified.stdout).toContain('login.sandbox.invalid, back to http://localhost:8080/oauth/oidc/callback')
    const url = 'https://chat.example.com'
    const found = await red('', { ...CONFIG, auth, ui: { kind: 'open-webui', url } })
    expect([...found.keys()]).toEqual(['open-webui-login'])
    expect(found.get('open-webui-login')).toContain(`expected ${url}/oauth/oidc/callback`)
  })
})
