import { connect } from 'node:net'
import { afterEach } from 'vitest'
import { createCachePasswords } from '../../../src/adapters/cache/cache-passwords.ts'
import { Secret } from '../../../src/secret.ts'
import { describeCachePasswordsContract } from '../../contracts/cache-passwords.ts'
import { fakeKube } from '../../fakes/fake-kube.ts'
import { makeCertificate } from '../../fakes/make-certificate.ts'
import { type RealRedis, realRedis, redisOfSandbox } from './real-redis.ts'

const NAME = 'redis-redis-ha.litellm.svc'
const authority = makeCertificate({ subject: 'authority of the cache', isAuthority: true })
const issued = makeCertificate({ subject: 'redis', names: [NAME], issuer: authority })

const program = await redisOfSandbox()
const running: RealRedis[] = []
afterEach(async () => {
  for (const redis of running.splice(0)) await redis.close()
})

/** A cluster with one pod that is real, and a node whose other pods are not. */
async function world(isEncrypted: boolean) {
  const tls = isEncrypted ? { ...issued, authority: authority.certificate } : undefined
  const redis = await realRedis(program, { password: 'password-at-start', ...(tls && { tls }) })
  running.push(redis)
  const kube = fakeKube()
  const doors = new Map([
    ['redis-0:6379', redis.ports.redis],
    ['redis-0:26379', redis.ports.sentinel],
  ])
  const annotations = { 'kwok.x-k8s.io/node': 'fake' }
  kube.seed({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'one', annotations } })
  const metadata = { name: 'redis-1', namespace: 'litellm' }
  kube.seed({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'one', containers: [] } })
  return {
    passwords: createCachePasswords({
      ...kube,
      connect: async ({ namespace, name, port }) => {
        const door = doors.get(`${name}:${port}`)
        return door === undefined ? await kube.connect({ namespace, name, port }) : connect(door, '127.0.0.1')
      },
    }),
    server: {
      namespace: 'litellm',
      name: 'redis-0',
      ...(tls && { tls: { authority: tls.authority, name: NAME } }),
    },
    startedWith: new Secret('password-at-start'),
    nobody: { namespace: 'litellm', name: 'redis-1' },
    sentinelPresents: async () => /^sentinel auth-pass mymaster (.*)$/m.exec(await redis.sentinelFile())?.[1] ?? '',
  }
}

describeCachePasswordsContract(program.title, () => world(false))
// A Redis of PyPI knows no TLS: test/adapters/cache/cache-passwords.test.ts holds what this side does there.
if (!program.withoutTls) describeCachePasswordsContract(`${program.title} with TLS`, () => world(true))
