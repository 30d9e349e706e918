import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tree } from '../../src/config/merge.ts'
import { litellm } from '../../steps/litellm/litellm.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { until } from '../sandbox-aws/kube.ts'
import { type KeySet, keySet, signedWithPublicKey, signingKey, tokenOf, unsigned } from './identity-provider.ts'
import { type Deployed, litellmPython, podFolder, type RealLitellm, realLitellm } from './real-litellm.ts'

const ISSUER = 'https://id.example.com/oauth2/default'
const AUDIENCE = 'api://gateway'
const MASTER_KEY = 'sk-master-0123456789abcdef'
const models = ['open', 'closed'].map((name) => ({ name, provider: 'mock', model: name }))
const gateway = {
  mode: 'custom-jwt',
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksUrl: 'https://id.example.com/keys',
  models: ['open'],
  rolesClaim: 'groups',
  allowedRoles: ['llm-users'],
}

interface Values {
  readonly extraResources: readonly { readonly kind: string; readonly data?: Readonly<Record<string, string>> }[]
  readonly gateway: { readonly extraEnv: readonly { name: string; value?: string }[]; readonly config: Tree }
}

/** What the step deploys, with the provider's keys on loopback instead of at its address. */
async function deployed(jwksUrl: string): Promise<Deployed> {
  const config = { models, auth: { gateway }, tracing: { kind: 'none' }, cache: { kind: 'none' } }
  const { values } = await litellm.spec(fakeWorld({ config }))
  const { extraResources, gateway: own } = values as unknown as Values
  const given = Object.fromEntries(
    own.extraEnv.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  )
  const { HOME: _home, XDG_CACHE_HOME: _cache, ...environment } = given
  const tokens = { ...(JSON.parse(environment.LLMGW_TOKENS ?? '{}') as Tree), jwksUrl }
  return {
    files: Object.assign({}, ...extraResources.map(({ data }) => data ?? {})) as Record<string, string>,
    proxyConfig: own.config.proxy_config,
    environment: { ...environment, LITELLM_MASTER_KEY: MASTER_KEY, LLMGW_TOKENS: JSON.stringify(tokens) },
  }
}

const key = signingKey('first')
const stranger = signingKey('first')
const now = () => Math.floor(Date.now() / 1000)
const claims = (over: Tree = {}): Tree => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'ada',
  email: 'ada@example.com',
  groups: ['llm-users'],
  iat: now(),
  exp: now() + 600,
  ...over,
})
const { exp: _exp, ...endless } = claims()
const { sub: _sub, ...nobody } = claims()

let provider: KeySet
let proxy: RealLitellm
beforeAll(async () => {
  provider = await keySet()
  proxy = await realLitellm(await deployed(provider.url))
})
afterAll(async () => {
  await proxy?.close()
  await provider?.close()
})

async function call(token: string | undefined, path: string, body?: Tree): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${proxy.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}
const chat = (token: string | undefined, over: Tree = {}, path = '/v1/chat/completions') =>
  call(token, path, { model: 'open', messages: [{ role: 'user', content: 'hello' }], ...over })

describe.sequential('tokens of the identity provider, at the real LiteLLM', () => {
  test('as long as the provider publishes no keys, nobody is let in, and it is not called a bad token', async () => {
    const answer = await chat(tokenOf(key, claims()))
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('keys cannot be read')])
  })

  test('a good token calls its models, and its user is known', async () => {
    provider.publish([key])
    const answer = await until('a good token let in', async () => {
      const tried = await chat(tokenOf(key, claims()))
      return tried.status === 200 ? tried : undefined
    })
    expect(answer.text).toContain('made-up answer of open')
    expect((await chat(tokenOf(key, claims({ aud: ['other', AUDIENCE] })))).status).toBe(200)
  })

  test.each([
    ['a forged signature', tokenOf(stranger, claims())],
    [
      'a changed claim',
      tokenOf(key, claims()).replace(
        /\.[^.]+\./,
        `.${Buffer.from(JSON.stringify(claims({ sub: 'eve' }))).toString('base64url')}.`,
      ),
    ],
    ['another issuer', tokenOf(key, claims({ iss: 'https://id.example.com/oauth2/other' }))],
    ['another audience', tokenOf(key, claims({ aud: 'api://other' }))],
    ['an expired token', tokenOf(key, claims({ exp: now() - 300 }))],
    ['a token that is not valid yet', tokenOf(key, claims({ nbf: now() + 3000 }))],
    ['a token without an end', tokenOf(key, endless)],
    ['a token of nobody', tokenOf(key, nobody)],
    ['no signature at all', unsigned('first', claims())],
    ['the public key as a shared secret', signedWithPublicKey(key, claims())],
    ['another algorithm in the header', tokenOf(key, claims(), { alg: 'RS512' })],
    ['no key id', tokenOf(key, claims(), { kid: undefined })],
    ['an unknown key id', tokenOf(key, claims(), { kid: 'made-up' })],
    ['words with dots', 'no.token.this'],
    ['a key that is not known', 'sk-not-known'],
    ['nothing', undefined],
  ])('%s is refused', async (_what, token) => {
    const { status, text } = await chat(token)
    expect(status, text).toBe(401)
    expect((await chat(tokenOf(key, claims()))).status).toBe(200)
  })

  test('made-up key ids do not make it ask the provider each time', async () => {
    const before = provider.asked()
    const made = Array.from({ length: 20 }, (_, index) => tokenOf(key, claims(), { kid: `made-up-${index}` }))
    const answers = await Promise.all(made.map((token) => chat(token)))
    expect(answers.map(({ status }) => status)).toEqual(made.map(() => 401))
    expect(provider.asked() - before).toBeLessThanOrEqual(1)
  })

  test('none of the roles is refused, by its own name', async () => {
    for (const groups of [['others'], 'others', undefined]) {
      const { status, text } = await chat(tokenOf(key, claims({ groups })))
      expect([status, text]).toEqual([403, expect.stringContaining('roles')])
    }
    expect((await chat(tokenOf(key, claims({ groups: 'llm-users' })))).status).toBe(200)
  })

  test('only its models: not in the body, not in the query, not as a fallback', async () => {
    const token = tokenOf(key, claims())
    expect((await chat(token, { model: 'closed' })).status).toBe(403)
    expect((await chat(token, {}, '/v1/chat/completions?model=closed')).status).toBe(403)
    expect((await chat(token, { fallbacks: ['closed'] })).status).toBe(403)
    expect((await chat(token, { model: undefined })).status).toBe(403)
    expect((await chat(token, { model: ['open', 'closed'] })).status).toBe(403)
    const listed = await call(token, '/v1/models')
    expect(listed.status).toBe(200)
    expect((JSON.parse(listed.text) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['open'])
    expect((await chat(MASTER_KEY, { model: 'closed' })).status).toBe(200)
    const all = await call(MASTER_KEY, '/v1/models')
    expect((JSON.parse(all.text) as { data: { id: string }[] }).data.map(({ id }) => id).sort()).toEqual([
      'closed',
      'open',
    ])
  })

  test.each([
    '/health',
    '/get/config/callbacks',
    '/config/yaml',
    '/model/info',
    '/v1/model/info',
    '/key/list',
    '/user/list',
    '/spend/logs',
    '/openai/deployments/closed/chat/completions',
    '/engines/closed/chat/completions',
  ])('an ordinary user does not reach %s', async (path) => {
    const token = tokenOf(key, claims())
    const asked = path.endsWith('completions') ? await chat(token, {}, path) : await call(token, path)
    expect(asked.status, asked.text).toBe(403)
  })

  test('an ordinary user makes no key, and the master key is let in', async () => {
    expect((await call(tokenOf(key, claims()), '/key/generate', {})).status).toBe(403)
    expect((await call(tokenOf(key, claims()), '/model/new', {})).status).toBe(403)
    expect((await call(MASTER_KEY, '/model/info')).status).toBe(200)
    // LiteLLM makes 401 of every refusal here.
    expect((await call(tokenOf(key, claims()), '/metrics/')).status).toBe(401)
    expect((await call(MASTER_KEY, '/metrics/')).status).toBe(200)
  })

  test('a key that the provider makes anew is found by its first token, one that it withdraws is dropped', async () => {
    const second = signingKey('second')
    provider.publish([second])
    const before = provider.asked()
    await until('the new key found', async () =>
      (await chat(tokenOf(second, claims()))).status === 200 ? true : undefined,
    )
    expect(provider.asked() - before).toBe(1)
    expect((await chat(tokenOf(key, claims()))).status).toBe(401)
  })

  test('probes need no token, and no token is written into a log', async () => {
    for (const path of ['/health/liveliness', '/health/readiness'])
      expect((await call(undefined, path)).status).toBe(200)
    const output = proxy.output()
    expect(output).toContain('cannot be read')
    expect(output).not.toMatch(/eyJ[\w-]+\.eyJ/)
    expect(output).not.toContain(MASTER_KEY)
  })
})

/** Keys as LiteLLM's cache and database hold them; the database knows no other one. */
const KEYS = `
import asyncio, json
from fastapi import Request
from litellm.proxy import proxy_server as proxy
from litellm.proxy._types import UserAPIKeyAuth, hash_token
import llmgw_tokens

class Database:
    async def get_data(self, **_asked):
        return None

def request(path, method="POST"):
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    return Request(scope=scope, receive=None)

async def outcome(key, path):
    try:
        found = await llmgw_tokens.check(request(path), key)
        return [found.key_alias, found.models]
    except Exception as error:
        return str(getattr(error, "code", error))

async def main():
    proxy.prisma_client = Database()
    for key, more in (("sk-known", {}), ("sk-blocked", {"blocked": True}), ("sk-team", {"team_blocked": True})):
        value = UserAPIKeyAuth(api_key=key, key_alias=key, models=["closed"], **more)
        await proxy.user_api_key_cache.async_set_cache(key=hash_token(key), value=value, model_type=UserAPIKeyAuth)
    chat = "/v1/chat/completions"
    print(json.dumps({
        "known": await outcome("sk-known", chat),
        "blocked": await outcome("sk-blocked", chat),
        "team blocked": await outcome("sk-team", chat),
        "unknown": await outcome("sk-unknown", chat),
        "known, another route": await outcome("sk-known", "/key/generate"),
    }))

asyncio.run(main())
`

test('a key of the database calls models as the database says, and reaches nothing else', async () => {
  const pod = await deployed('http://127.0.0.1:1/keys')
  const { dir, remove } = await podFolder(pod)
  try {
    const env = { ...pod.environment, HOME: dir, PYTHONPATH: dir }
    const { stdout } = await execa(await litellmPython(), ['-c', KEYS], { cwd: dir, env })
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      known: ['sk-known', ['closed']],
      blocked: '401',
      'team blocked': '401',
      unknown: '401',
      'known, another route': '403',
    })
  } finally {
    await remove()
  }
})
