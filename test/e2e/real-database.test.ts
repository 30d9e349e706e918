import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createServiceCalls } from '../../src/adapters/service-calls/service-calls.ts'
import { databaseUrl } from '../../src/sandbox/index.ts'
import { readSettings } from '../../src/sandbox/settings.ts'
import { Secret } from '../../src/secret.ts'
import { until } from '../sandbox-aws/kube.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { llmgw } from './world/llmgw.ts'

const sandbox = useDeployedSandbox('e2e-database', { deploy: false, runtime: 'process' })
const NAMESPACE = 'llm-gateway'
const LITELLM = { namespace: NAMESPACE, name: 'litellm', port: 4000, component: 'litellm' } as const
const WEB_UI = { namespace: NAMESPACE, name: 'open-webui', port: 80, component: 'openwebui' } as const
const DATABASE = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'sandbox-database', name: 'postgres' }
const ADMINISTRATOR = 'admin@llmgw.internal'

const CONFIG = {
  apiVersion: 'llmgw/v1',
  preset: 'lean',
  storage: { manage: 'create' },
  database: { kind: 'external' },
}

async function run(words: string) {
  const file = join(sandbox.connection.dir, 'database.yaml')
  await writeFile(file, stringify(CONFIG))
  const args = [...words.split(' '), '--sandbox=e2e-database', '--config', file]
  return await llmgw(args, { env: { ...sandbox.env, INTERACTIVE_MODE: 'false' } })
}

interface Told {
  readonly checks: readonly { readonly check: string; readonly result: string; readonly found: string }[]
}

/** Checks with this result, with what they found. */
async function verified(result: string, more = ''): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run(`verify litellm openwebui${more} --output json`)
  const { checks } = JSON.parse(stdout) as Told
  return new Map(checks.filter((one) => one.result === result).map(({ check, found }) => [check, found]))
}

/** Makes a key and gives its value, which is told in a file alone. */
async function makeKey(name: string, options: string): Promise<Secret> {
  const file = join(sandbox.connection.dir, `${name}.key`)
  const made = await run(`keys create ${name} ${options} --output-file ${file}`)
  expect(made.code, made.output).toBe(0)
  return new Secret((await readFile(file, 'utf8')).trim())
}

function chat(key: Secret, model: string) {
  const body = { model, messages: [{ role: 'user', content: 'How much is left?' }] }
  return createServiceCalls(sandbox.at.kube).call(LITELLM, { path: '/v1/chat/completions', key, body })
}

async function secretValue(name: string, key: string): Promise<string> {
  const found = await sandbox.at.kube.find({ apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACE, name })
  const { data = {} } = (found ?? {}) as { readonly data?: Readonly<Record<string, string>> }
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8')
}

const masterKey = async () => new Secret(await secretValue('litellm-secrets', 'master-key'))

/** A question through Open WebUI, as the administrator who is logged in there. */
async function chatInWebUi(model: string): Promise<string> {
  const calls = createServiceCalls(sandbox.at.kube)
  const password = await secretValue('openwebui-secrets', 'webui-admin-password')
  const login = await calls.call(WEB_UI, { path: '/api/v1/auths/signin', body: { email: ADMINISTRATOR, password } })
  const { token } = JSON.parse(login.text) as { readonly token: string }
  const body = { model, stream: false, messages: [{ role: 'user', content: 'Who pays?' }] }
  return (await calls.call(WEB_UI, { path: '/api/chat/completions', key: new Secret(token), body })).text
}

/** What a statement gives, on the real server; the Service's address is a loopback address of this machine. */
async function sql(statement: string): Promise<string> {
  const { kube } = sandbox.at
  const found = await kube.find({ ...DATABASE, apiVersion: 'v1', kind: 'Service' })
  const { clusterIP } = (found as unknown as { readonly spec: { readonly clusterIP: string } }).spec
  const settings = await readSettings(sandbox.connection.dir)
  if (settings?.runtime?.kind !== 'process') throw new Error('the sandbox has no real programs')
  const { password, username, pathname } = new URL(await databaseUrl())
  const where = ['-h', clusterIP, '-U', username, '-d', pathname.slice(1), '-v', 'ON_ERROR_STOP=1', '-qAt']
  const env = { PATH: settings.runtime.programs.postgres?.environment.PATH ?? '', PGPASSWORD: password }
  return (await execa('psql', [...where, '-c', statement], { env, extendEnv: false })).stdout
}

beforeAll(async () => {
  const ended = await run('deploy all')
  if (ended.code !== 0) throw new Error(`deploy all ended with ${ended.code}:\n${ended.output}`)
})

describe.sequential('the real LiteLLM on a real PostgreSQL', () => {
  test('was migrated by its own Job, each migration recorded as finished', async () => {
    const [all = 0, finished] = (await sql('SELECT count(*), count(finished_at) FROM _prisma_migrations'))
      .split('|')
      .map(Number)
    expect(all).toBeGreaterThan(100)
    expect(finished).toBe(all)
  })

  test('passes every check, those of the database among them', async () => {
    const tried = await run('verify litellm openwebui --probe')
    expect(tried.code, tried.output).toBe(0)
    const passed = await verified('pass')
    expect(passed.get('litellm-ready')).toBe('HTTP 200, database connected')
    expect(passed.get('litellm-database')).toBe('keys can be listed')
    expect(passed.get('open-webui-key')).toBe('they differ')
    expect(passed.get('open-webui-key-registered')).toContain('nova-lite')
  })

  test('a key calls its model, no other, and nothing once it is revoked', async () => {
    const key = await makeKey('team-a', '--models nova-lite')
    expect((await chat(key, 'nova-lite')).status).toBe(200)
    const other = await chat(key, 'claude-haiku')
    expect([other.status, other.text]).toEqual([403, expect.stringContaining('claude-haiku')])
    const listed = await run('keys list')
    expect(listed.stdout).toMatch(/^team-a {2}active\n {2}nova-lite/m)
    const revoked = await run('keys revoke team-a --yes')
    expect(revoked.code, revoked.output).toBe(0)
    expect((await chat(key, 'nova-lite')).status).toBe(401)
  })

  test('a key whose budget is spent is refused', async () => {
    const key = await makeKey('team-b', '--models nova-lite --budget 0.0000001')
    const refused = await until(
      'a refusal',
      async () => {
        const answer = await chat(key, 'nova-lite')
        return answer.status === 200 ? undefined : answer
      },
      180_000,
    )
    expect(refused.text).toContain('budget_exceeded')
  })

  test('a chat in Open WebUI is accounted to who asked', async () => {
    expect(await chatInWebUi('nova-lite')).toContain('Who pays?')
    const path = `/customer/info?end_user_id=${encodeURIComponent(ADMINISTRATOR)}`
    const spend = await until(
      'the spend of the administrator',
      async () => {
        const answer = await createServiceCalls(sandbox.at.kube).call(LITELLM, { path, key: await masterKey() })
        if (answer.status !== 200) return undefined
        return (JSON.parse(answer.text) as { readonly spend?: number }).spend || undefined
      },
      180_000,
    )
    expect(spend).toBeGreaterThan(0)
  })

  test('tables that are not there turn the checks that ask for keys red, and no other', async () => {
    await sql('ALTER SCHEMA public RENAME TO away; CREATE SCHEMA public')
    const found = await verified('fail')
    await sql('DROP SCHEMA public; ALTER SCHEMA away RENAME TO public')
    expect(found.get('litellm-database')).toMatch(/HTTP 500: .*does not exist/)
    expect([...found.keys()].sort()).toEqual(['litellm-database', 'open-webui-key-registered'])
    expect(await verified('fail')).toEqual(new Map())
  })

  test('PostgreSQL stopped: LiteLLM says that it is not ready, and what cannot be seen skips', async () => {
    await sandbox.at.kube.patch(DATABASE, { spec: { replicas: 0 } })
    const told = ['litellm-endpoints', 'litellm-ready', 'rollout-litellm']
    const look = async () => {
      const seen = await verified('fail')
      return told.every((check) => seen.has(check)) ? seen : undefined
    }
    const found = await until('the gateway not ready', look, 180_000)
    await sandbox.at.kube.patch(DATABASE, { spec: { replicas: 1 } })
    expect([...found.keys()].sort()).toEqual(told)
    await until('all well again', async () => ((await verified('fail')).size === 0 ? true : undefined), 240_000)
  })
})
