import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createServiceCalls } from '../../src/adapters/service-calls/service-calls.ts'
import { freePort } from '../../src/sandbox/ports.ts'
import { until } from '../sandbox-aws/kube.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { llmgw } from './world/llmgw.ts'

const NAMESPACE = 'llm-gateway'
const sandbox = useDeployedSandbox('e2e-real', { deploy: false, runtime: 'process' })
const SERVICE = { apiVersion: 'v1', kind: 'Service', namespace: NAMESPACE, name: 'litellm' }
const PASSWORDS = { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACE, name: 'redis-credentials' }
const REDIS = { namespace: NAMESPACE, name: 'redis-redis-ha-server-0', port: 6379 }

/** The gateway with its cache and a rule about words, and nothing else. */
const CONFIG = {
  apiVersion: 'llmgw/v1',
  preset: 'lean',
  storage: { manage: 'create' },
  ui: { kind: 'none' },
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
async function red(more = ''): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run(`verify litellm redis external-secrets${more} --output json`)
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

async function passwordOfRedis(): Promise<string> {
  const secret = await sandbox.at.kube.find(PASSWORDS)
  const { data = {} } = (secret ?? {}) as unknown as { readonly data?: Readonly<Record<string, string>> }
  return Buffer.from(data['redis-password'] ?? '', 'base64').toString('utf8')
}

const faults = (method: 'POST' | 'DELETE', body?: object) =>
  fetch(`${sandbox.connection.models}/llmgw-sandbox/faults`, { method, ...(body && { body: JSON.stringify(body) }) })

beforeAll(async () => {
  const ended = await run('deploy all')
  if (ended.code !== 0) throw new Error(`deploy all ended with ${ended.code}:\n${ended.output}`)
})

describe.sequential('the real LiteLLM and Redis behind their pods', () => {
  test('answer, keep the rules, and pass every check that asks them', async () => {
    const tried = await run('test all --stream')
    expect(tried.code, tried.output).toBe(0)
    expect(tried.stdout).toMatch(/pass {2}nova-lite: a forbidden answer is not given\n {6}blocked/)
    const verified = await run('verify litellm redis --probe')
    expect(verified.code, verified.output).toBe(0)
    expect(verified.stdout).toContain('Redis answers')
    expect(verified.stdout).toContain('the second answer is the first one')
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
  })

  test('a configuration that LiteLLM does not start with ends the deploy with its own last lines', async () => {
    const settings = { litellm: { callbacks: ['nowhere.to_be_found'] } }
    const ended = await run('deploy litellm', { ...CONFIG, gateway: { settings } })
    expect(ended.code, ended.output).toBe(1)
    expect(ended.output).toMatch(/CrashLoopBackOff/)
    expect(ended.output).toMatch(/nowhere/)
    expect(ended.output).not.toMatch(/took longer|timed out/)
  })
})
