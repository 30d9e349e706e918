import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { StepError } from '../../errors.ts'
import type { CachePasswords, CacheServer } from '../../ports/cache.ts'
import type { Kube } from '../../ports/kube.ts'
import type { Secret } from '../../secret.ts'
import { isSimulated, simulated } from '../service-calls/simulated-pod.ts'
import { type Ask, RefusedByRedis, redisOver } from './redis-replies.ts'

/** Source: redis-ha chart, defaults of redis.port, sentinel.port and redis.masterGroupName. */
const PORTS = { redis: 6379, sentinel: 26_379 } as const
const MASTER_GROUP = 'mymaster'

const ANSWER_WITHIN_MS = 20_000

/** Redis has no other users here: who brings a password only is this one. Source: Redis documentation, ACL. */
const USER = 'default'

/** Passwords of the Redis that runs in the cluster. Source: Redis documentation, ACL SETUSER, CONFIG SET, SENTINEL SET. */
export function createCachePasswords(kube: Kube): CachePasswords {
  const talk = <T>(server: CacheServer, to: keyof typeof PORTS, use: (ask: Ask) => Promise<T>, signal?: AbortSignal) =>
    talkTo(kube, { server, port: PORTS[to] }, use, signal)
  return {
    look: (server, password, signal) =>
      talk(
        server,
        'redis',
        async (ask) => {
          if (!(await authenticated(ask, password))) return 'refused'
          const [, presented] = (await ask('CONFIG', 'GET', 'masterauth')) as readonly string[]
          return presented === password.reveal() ? 'presented' : 'taken'
        },
        signal,
      ),
    accept: (server, { added, known }, signal) =>
      talk(
        server,
        'redis',
        async (ask) => {
          if (await authenticated(ask, added)) return
          if (!(await firstTaken(ask, known))) throw new RefusedByRedis('WRONGPASS')
          await ask('ACL', 'SETUSER', USER, `>${added.reveal()}`)
        },
        signal,
      ),
    tellSentinel: (server, password, signal) =>
      talk(
        server,
        'sentinel',
        async (ask) => void (await ask('SENTINEL', 'SET', MASTER_GROUP, 'auth-pass', password.reveal())),
        signal,
      ),
    present: (server, password, signal) =>
      talk(
        server,
        'redis',
        async (ask) => {
          if (!(await authenticated(ask, password))) throw new RefusedByRedis('WRONGPASS')
          await ask('CONFIG', 'SET', 'masterauth', password.reveal())
        },
        signal,
      ),
  }
}

async function authenticated(ask: Ask, password: Secret): Promise<boolean> {
  try {
    await ask('AUTH', password.reveal())
    return true
  } catch (error) {
    if (error instanceof RefusedByRedis && error.message === 'WRONGPASS') return false
    throw error
  }
}

async function firstTaken(ask: Ask, passwords: readonly Secret[]): Promise<boolean> {
  for (const password of passwords) if (await authenticated(ask, password)) return true
  return false
}

interface Door {
  readonly server: CacheServer
  readonly port: number
}

async function talkTo<T>(
  kube: Kube,
  { server, port }: Door,
  use: (ask: Ask) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const limit = signal ? AbortSignal.any([signal, deadline]) : deadline
  const pod = { namespace: server.namespace, name: server.name, port }
  let opened: Duplex | undefined
  try {
    opened = await kube.connect(pod, limit)
    return await use(redisOver(server.tls === undefined ? opened : encrypted(opened, server.tls)))
  } catch (error) {
    signal?.throwIfAborted()
    const title = `pod ${pod.namespace}/${pod.name}`
    // What cannot be looked at is no simulation.
    if (await isSimulated(kube, pod, signal ?? AbortSignal.timeout(ANSWER_WITHIN_MS)).catch(() => false))
      throw simulated({ title, port })
    throw refused(title, pod, deadline.aborted ? new Error(`no answer in ${ANSWER_WITHIN_MS / 1000} s`) : error)
  } finally {
    opened?.destroy()
  }
}

function encrypted(stream: Duplex, { authority, name }: NonNullable<CacheServer['tls']>): Duplex {
  const secure = connectTls({ socket: stream, ca: authority, servername: name })
  // The reader of the encrypted side tells.
  stream.on('error', (error) => secure.destroy(error))
  return secure
}

function refused(
  title: string,
  { namespace, name, port }: { namespace: string; name: string; port: number },
  cause: unknown,
): StepError {
  const [what, container] = port === PORTS.redis ? ['Redis', 'redis'] : ['Sentinel', 'sentinel']
  const why = cause instanceof RefusedByRedis ? `refused a password or a command (${cause.message})` : 'did not answer'
  return new StepError('CacheRefused', `${what} in ${title} ${why}`, {
    hint: `look at its log: kubectl logs -n ${namespace} ${name} -c ${container}`,
    ...(cause instanceof RefusedByRedis ? {} : { cause }),
  })
}
