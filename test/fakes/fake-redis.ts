import type { Duplex } from 'node:stream'
import type { FakeKube } from './fake-kube.ts'

/** What a server knows until it starts anew. */
export interface FakeRedisServer {
  readonly takes: Set<string>
  presents: string
  /** What its Sentinel presents. */
  sentinel: string
}

export interface FakeRedis {
  /** By `namespace/name` of the pod. */
  readonly servers: Map<string, FakeRedisServer>
  /** What was changed, in order: `accept litellm/redis-0`, `sentinel …`, `present …`. */
  readonly writes: string[]
  /** The connection is cut in place of the next change that matches. */
  cut: ((write: string) => boolean) | undefined
  /** Servers say yes to changes, and change nothing. */
  isDeaf: boolean
  /** Starts the server of a pod, and its Sentinel, with this password alone. */
  start(namespace: string, name: string, password: string): void
}

interface Client {
  readonly place: string
  isKnown: boolean
}

/** Redis servers in memory that speak Redis' protocol behind pods, as far as passwords go. Source: Redis documentation, commands. */
export function fakeRedis(kube: Pick<FakeKube, 'serveStream'>): FakeRedis {
  const redis: FakeRedis = {
    servers: new Map(),
    writes: [],
    cut: undefined,
    isDeaf: false,
    start(namespace, name, password) {
      const place = `${namespace}/${name}`
      redis.servers.set(place, { takes: new Set([password]), presents: password, sentinel: password })
      for (const port of [6379, 26_379])
        kube.serveStream({ namespace, name, port }, (stream) => serve(stream, { place, isKnown: port === 26_379 }))
    },
  }
  const serve = (stream: Duplex, client: Client) => {
    let held = ''
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => {
      held += chunk.toString('utf8')
      const lines = held.split('\r\n')
      const parts = Number(lines[0]?.slice(1))
      if (lines.length <= 2 * parts) return
      held = lines.slice(2 * parts + 1).join('\r\n')
      const command = lines.slice(1, 2 * parts + 1).filter((_line, index) => index % 2 === 1)
      const answer = answerTo(redis, client, command)
      if (answer === undefined) stream.end()
      else stream.write(answer)
    })
  }
  return redis
}

/** Undefined where the connection is cut. */
function answerTo(redis: FakeRedis, client: Client, command: readonly string[]): string | undefined {
  const server = redis.servers.get(client.place)
  if (server === undefined) return undefined
  const [value = ''] = command.slice(-1)
  const change = (what: string, apply: () => void): string | undefined => {
    const write = `${what} ${client.place}`
    if (redis.cut?.(write)) {
      redis.cut = undefined
      return undefined
    }
    redis.writes.push(write)
    if (!redis.isDeaf) apply()
    return '+OK\r\n'
  }
  const name = command.slice(0, -1).join(' ')
  if (name === 'AUTH') {
    client.isKnown = server.takes.has(value)
    return client.isKnown ? '+OK\r\n' : '-WRONGPASS invalid username-password pair or user is disabled.\r\n'
  }
  if (!client.isKnown) return '-NOAUTH Authentication required.\r\n'
  if (name === 'ACL SETUSER default') return change('accept', () => server.takes.add(value.slice(1)))
  if (name === 'CONFIG GET') return `*2\r\n$10\r\nmasterauth\r\n$${server.presents.length}\r\n${server.presents}\r\n`
  if (name === 'CONFIG SET masterauth')
    return change('present', () => {
      server.presents = value
    })
  if (name === 'SENTINEL SET mymaster auth-pass')
    return change('sentinel', () => {
      server.sentinel = value
    })
  return `-ERR unknown command '${name}', with args beginning with: '${value}'\r\n`
}
