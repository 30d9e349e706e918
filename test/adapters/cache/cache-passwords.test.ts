import { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { createCachePasswords } from '../../../src/adapters/cache/cache-passwords.ts'
import { Secret } from '../../../src/secret.ts'
import { describeCachePasswordsContract } from '../../contracts/cache-passwords.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'
import { fakeRedis } from '../../fakes/fake-redis.ts'
import { makeCertificate } from '../../fakes/make-certificate.ts'

const PASSWORD = new Secret('password-at-start')
const SERVER = { namespace: 'litellm', name: 'redis-0' }
const NAME = 'redis-redis-ha.litellm.svc'

describeCachePasswordsContract('fake', async () => {
  const kube = fakeKube()
  const redis = fakeRedis(kube)
  redis.start(SERVER.namespace, SERVER.name, PASSWORD.reveal())
  const annotations = { 'kwok.x-k8s.io/node': 'fake' }
  kube.seed({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'one', annotations } })
  const nobody = { namespace: 'litellm', name: 'redis-1' }
  kube.seed({ apiVersion: 'v1', kind: 'Pod', metadata: nobody, spec: { nodeName: 'one', containers: [] } })
  return {
    passwords: createCachePasswords(kube),
    server: SERVER,
    startedWith: PASSWORD,
    nobody,
    sentinelPresents: async () => redis.servers.get('litellm/redis-0')?.sentinel ?? '',
  }
})

/** A server that speaks TLS, and gives its answers in pieces of one byte. */
function encrypted() {
  const authority = makeCertificate({ subject: 'authority of the cache', isAuthority: true })
  const { certificate: cert, key } = makeCertificate({ subject: 'redis', names: [NAME], issuer: authority })
  const kube = fakeKube()
  kube.serveStream({ ...SERVER, port: 6379 }, (far) => {
    const secure = new TLSSocket(far, { isServer: true, cert, key })
    secure.on('error', () => undefined)
    secure.on('data', (chunk: Buffer) => {
      const answer = String(chunk).includes('AUTH')
        ? '+OK\r\n'
        : '*2\r\n$10\r\nmasterauth\r\n$17\r\npassword-at-start\r\n'
      for (const byte of answer) secure.write(byte)
    })
  })
  return { passwords: createCachePasswords(kube), authority: authority.certificate }
}

test('speaks TLS with one whose certificate leads to the authority and has the name', async () => {
  const { passwords, authority } = encrypted()
  expect(await passwords.look({ ...SERVER, tls: { authority, name: NAME } }, PASSWORD)).toBe('presented')
})

test.each([
  ['another name', (authority: string) => ({ authority, name: 'another.svc' })],
  [
    'another authority',
    () => ({ authority: makeCertificate({ subject: 'x', isAuthority: true }).certificate, name: NAME }),
  ],
])('shows no password to one with %s', async (_what, tlsFor) => {
  const { passwords, authority } = encrypted()
  const looked = passwords.look({ ...SERVER, tls: tlsFor(authority) }, PASSWORD)
  await expect(looked).rejects.toMatchObject({ code: 'CacheRefused', cause: expect.any(Error) })
})

test.each(['HTTP/1.1 400 Bad Request\r\n\r\n', ''])('what answers %j is not Redis', async (answer) => {
  const kube = fakeKube()
  kube.serveStream({ ...SERVER, port: 6379 }, (far) => far.end(answer))
  await expect(createCachePasswords(kube).look(SERVER, PASSWORD)).rejects.toMatchObject({ code: 'CacheRefused' })
})
