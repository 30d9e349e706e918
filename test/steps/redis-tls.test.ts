import { describe, expect, it } from 'vitest'
import type { Tree } from '../../src/config/merge.ts'
import { PreflightError } from '../../src/errors.ts'
import { rollbackStep } from '../../steps/day-two/rollback.ts'
import { accessWords, neededAccess } from '../../steps/doctor/kube-access.ts'
import { litellm } from '../../steps/litellm/litellm.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { openwebui } from '../../steps/openwebui/openwebui.ts'
import { certificateNames, seeCertificate } from '../../steps/redis/certificate.ts'
import { switchFault } from '../../steps/redis/switch.ts'
import { tlsSecret } from '../../steps/redis/tls.ts'
import { redis } from '../../steps/redis.ts'
import { secrets } from '../../steps/secrets.ts'
import { CACHE_TLS, type CacheSecretWish, cacheCertificate } from '../fakes/cache-certificate.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { makeCertificate } from '../fakes/make-certificate.ts'
import { check, converge, plan } from './run.ts'

const FORBIDDEN = new PreflightError('KubeForbidden', 'may not be read')
const signal = new AbortController().signal
const tlsWorld = (config: Tree = {}): FakeWorld => fakeWorld({ config: { cache: CACHE_TLS, ...config } })

async function seen(wish: CacheSecretWish | undefined, world = tlsWorld()) {
  const secret = tlsSecret(world.config)
  if (secret === undefined) throw new Error('no TLS here')
  if (wish) world.kube.seed(cacheCertificate(wish))
  return await seeCertificate({ ...world, signal }, secret)
}

describe('values of Redis with TLS', () => {
  it('leave nothing that listens, replicates or is probed in plain text', async () => {
    const { values } = await redis.spec(tlsWorld())
    const ports = { port: 0, tlsReplication: true, authClients: 'no' }
    expect(values).toMatchObject({
      replicas: 3,
      tls: { secretName: 'redis-tls', certFile: 'tls.crt', keyFile: 'tls.key', caCertFile: 'ca.crt' },
      redis: { ...ports, tlsPort: 6379, config: { 'min-replicas-to-write': 1 } },
      sentinel: { ...ports, tlsPort: 26_379, quorum: 2 },
      exporter: { enabled: true, sslEnabled: true },
      haproxy: { enabled: true, tls: { enabled: true, secretName: 'redis-tls' } },
    })
  })

  it('have HAProxy check each server by TLS, and lead bytes on without opening them', async () => {
    const { haproxy } = (await redis.spec(tlsWorld())).values as { readonly haproxy: { readonly customConfig: string } }
    expect(haproxy.customConfig).toMatch(
      /default-server check check-ssl verify required ca-file \S+ca\.crt verifyhost /,
    )
    expect(haproxy.customConfig.match(/tcp-check connect.*/g)).toEqual([
      'tcp-check connect default',
      'tcp-check connect default',
    ])
    expect(haproxy.customConfig).not.toMatch(/bind .*ssl/)
  })

  it('are none where it is not wanted', async () => {
    const { values } = await redis.spec(fakeWorld())
    expect(values).not.toHaveProperty('tls')
    expect(values.redis).not.toHaveProperty('tlsPort')
    expect(values.haproxy).not.toHaveProperty('customConfig')
  })
})

describe('clients of Redis with TLS', () => {
  const sslOf = async (world: FakeWorld) => {
    const { gateway } = (await litellm.spec(world)).values as {
      readonly gateway: { readonly extraEnv: readonly { readonly name: string }[] }
    }
    return gateway.extraEnv.filter(({ name }) => name.startsWith('REDIS_'))
  }

  it('LiteLLM gets the authority alone, and checks the name', async () => {
    expect(await sslOf(tlsWorld())).toEqual([
      { name: 'REDIS_SSL', value: 'True' },
      { name: 'REDIS_SSL_CHECK_HOSTNAME', value: 'True' },
      { name: 'REDIS_SSL_CA_DATA', valueFrom: { secretKeyRef: { name: 'redis-tls', key: 'ca.crt' } } },
    ])
    expect(await sslOf(fakeWorld())).toEqual([])
    const { values } = await litellm.spec(tlsWorld())
    expect(JSON.stringify(values)).not.toContain('tls.key')
  })

  it('several pods of Open WebUI find the authority in their URL; until it is known the plan goes without', async () => {
    const ui = { replicas: 2, database: 'postgresql', storage: { access: 'ReadWriteMany' } }
    const url = 'postgresql://llm:planted-password@db.example.com:5432/one'
    const oidc = {
      'oidc-client-id': 'planted-id',
      'oidc-client-secret': 'planted-secret',
      'oidc-provider-url': 'https://id.example.com',
    }
    const provided = { 'litellm-database-url': url, 'webui-database-url': url, ...oidc }
    const world = fakeWorld({ config: { cache: CACHE_TLS, ui }, provided })
    expect(plan(await check(openwebui, world))).toEqual(['create helm release open-webui/open-webui'])
    await converge(namespaces, world)
    await converge(secrets, world)
    await expect(converge(openwebui, world)).rejects.toMatchObject({ code: 'CacheCertificateMissing' })
    const secret = cacheCertificate()
    world.kube.seed(secret)
    expect((await converge(openwebui, world)).state).toBe('current')
    const { values = {} } = world.helm.calls.findLast(({ method }) => method === 'upgrade')?.spec ?? {}
    const env = values.extraEnvVars as Readonly<Record<string, string>>
    const cache = new URL(env.REDIS_URL?.replaceAll(/\$\((\w+)\)/g, (_, name: string) => String(env[name])) ?? '')
    expect([cache.protocol, cache.host, cache.pathname]).toEqual([
      'rediss:',
      'redis-redis-ha-haproxy.litellm.svc:6379',
      '/1',
    ])
    expect(cache.searchParams.get('ssl_check_hostname')).toBe('true')
    const data = secret.data as Readonly<Record<string, string>>
    expect(cache.searchParams.get('ssl_ca_data')).toBe(atob(data['ca.crt'] ?? ''))
    expect(env.WEBSOCKET_REDIS_URL).toBe(env.REDIS_URL)
  })

  it('one pod of Open WebUI meets nobody in Redis', async () => {
    const { values } = await openwebui.spec(tlsWorld())
    expect(JSON.stringify(values)).not.toContain('REDIS_')
  })
})

describe('the certificate of Redis', () => {
  it('is for the names that somebody asks for', () => {
    expect(certificateNames(tlsWorld().config)).toEqual(['redis-redis-ha-haproxy.litellm.svc', 'localhost'])
    const lone = tlsWorld({ cache: { ...CACHE_TLS, replicas: 1 }, namespaces: { gateway: 'llm' } })
    expect(certificateNames(lone.config)).toEqual(['redis-redis-ha.llm.svc', 'localhost'])
  })

  it('has no fault as cert-manager makes it, also with wildcards', async () => {
    expect(await seen({})).toMatchObject({
      place: 'Secret litellm/redis-tls',
      facts: { subject: 'CN=redis' },
      faults: [],
    })
    expect((await seen({ names: ['*.litellm.svc', 'localhost'] })).faults).toEqual([])
  })

  const { certificate, key } = makeCertificate({ subject: 'stranger', isAuthority: true })
  const over = makeCertificate({ subject: 'over', isAuthority: true, notAfter: new Date('2025-12-31') })
  it.each<[string, CacheSecretWish | undefined, string, RegExp]>([
    [
      'is not there',
      undefined,
      'CacheCertificateMissing',
      /^Secret litellm\/redis-tls, which cache\.tls\.secretName names, is not there$/,
    ],
    ['has no authority', { data: { 'ca.crt': '' } }, 'CacheCertificateIncomplete', /has no ca\.crt$/],
    [
      'has neither',
      { data: { 'tls.key': '', 'tls.crt': '' } },
      'CacheCertificateIncomplete',
      /has no tls\.crt, tls\.key$/,
    ],
    [
      'holds something else',
      { data: { 'tls.crt': 'planted' } },
      'CacheCertificateIncomplete',
      /no certificate in tls\.crt$/,
    ],
    [
      'holds an authority that is none',
      { data: { 'ca.crt': 'planted' } },
      'CacheCertificateIncomplete',
      /no certificate in ca\.crt$/,
    ],
    [
      'holds a key that is none',
      { data: { 'tls.key': 'planted-key' } },
      'CacheCertificateIncomplete',
      /something else than PEM/,
    ],
    ['has the key of another', { data: { 'tls.key': key } }, 'CacheCertificateMismatch', /tls\.key .* is not the key/],
    ['is over', { notAfter: new Date('2025-12-31') }, 'CacheCertificateNotValid', /tls\.crt .* ended on 2025-12-31$/],
    [
      'is not valid yet',
      { notBefore: new Date('2026-01-02') },
      'CacheCertificateNotValid',
      /not valid before 2026-01-02T/,
    ],
    [
      'has an authority that is over',
      { issuer: over, data: { 'ca.crt': over.certificate } },
      'CacheCertificateNotValid',
      /ca\.crt .* ended on/,
    ],
    [
      'is for one name only',
      { names: ['localhost'] },
      'CacheCertificateNames',
      /is not for redis-redis-ha-haproxy\.litellm\.svc$/,
    ],
    ['is for no name', { names: [] }, 'CacheCertificateNames', /is not for redis-\S+, localhost$/],
    [
      'is of another authority',
      { data: { 'ca.crt': certificate } },
      'CacheCertificateUntrusted',
      /does not lead to its ca\.crt$/,
    ],
  ])('%s', async (_, wish, code, message) => {
    const { faults } = await seen(wish)
    expect(faults).toEqual([{ code, message: expect.stringMatching(message), hint: expect.stringMatching(/\S/) }])
    expect(JSON.stringify(faults)).not.toMatch(/planted|PRIVATE/)
  })

  it('is not called missing where nobody could look', async () => {
    const world = tlsWorld()
    world.kube.failNext('find', FORBIDDEN)
    await expect(seen({}, world)).rejects.toMatchObject({ code: 'KubeForbidden' })
  })

  it('may be read by whoever deploys a client of it alone', () => {
    const words = (world: FakeWorld, component: string) => neededAccess(world.config, [component]).map(accessWords)
    expect(words(tlsWorld(), 'openwebui')).toContain('get secrets in litellm')
    expect(words(fakeWorld(), 'openwebui')).not.toContain('get secrets in litellm')
    expect(words(tlsWorld(), 'namespaces')).not.toContain('get secrets in litellm')
  })
})

describe('servers that run', () => {
  const deployed = async (config: Tree) => {
    const world = fakeWorld({ config })
    await converge(namespaces, world)
    await converge(redis, world)
    return world
  }
  const three = { kind: 'redis-ha', replicas: 3 }
  const one = { kind: 'redis-ha', replicas: 1 }
  const tls = { tls: CACHE_TLS.tls }

  it.each([
    ['three go on as they are', three, three, undefined],
    ['three go on with TLS', { ...three, ...tls }, { ...three, ...tls }, undefined],
    [
      'three cannot learn TLS one by one',
      three,
      { ...three, ...tls },
      /speaks plain text, and its 3 servers cannot change to TLS/,
    ],
    [
      'three cannot unlearn it either',
      { ...three, ...tls },
      three,
      /speaks TLS, and its 3 servers cannot change to plain text/,
    ],
    ['one is replaced as a whole', one, { ...one, ...tls }, undefined],
  ])('%s', async (_, before, after, message) => {
    const world = (await deployed({ cache: before })).with({ config: { cache: after } })
    const fault = await switchFault({ ...world, signal })
    if (message === undefined) return expect(fault).toBeUndefined()
    expect(fault).toMatchObject({ code: 'CacheTlsSwitched', message: expect.stringMatching(message) })
    expect(fault?.hint).toMatch(
      /^kubectl --namespace litellm delete statefulset redis-redis-ha-server, then llmgw deploy/,
    )
  })

  it('do not go back over the switch by a rollback, and do to a revision of their kind', async () => {
    const world = await deployed({ cache: three })
    const larger = world.with({ config: { cache: { ...three, memory: '1Gi' } } })
    await converge(redis, larger)
    expect((await rollbackStep({ ...larger, signal }, redis, undefined)).title).toBe('Roll redis back to revision 1')
    const tlsOn = world.with({ config: { cache: { ...three, ...tls } } })
    await converge(redis, tlsOn)
    await expect(rollbackStep({ ...tlsOn, signal }, redis, undefined)).rejects.toMatchObject({
      code: 'CacheTlsSwitched',
      message: expect.stringMatching(/^revision 2 is of another kind: .* cannot change to plain text one by one$/),
    })
  })

  it('are in nobody’s way where there are none, and are not guessed at', async () => {
    expect(await switchFault({ ...tlsWorld(), signal })).toBeUndefined()
    const world = tlsWorld()
    world.kube.failNext('find', FORBIDDEN)
    await expect(switchFault({ ...world, signal })).rejects.toMatchObject({ code: 'KubeForbidden' })
  })
})
