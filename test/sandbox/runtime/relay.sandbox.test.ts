import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../../src/sandbox/ports.ts'
import { until } from '../../sandbox-aws/kube.ts'

const RELAY = join('sandbox', 'runtime', 'bin', 'haproxy', 'haproxy')

let dir = ''
let redis: Server
let relay: ChildProcess | undefined
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-relay-'))
  redis = createServer((socket) => socket.on('error', () => undefined).end('+PONG\r\n'))
  redis.listen(0, '127.0.0.1')
  await once(redis, 'listening')
})
afterEach(async () => {
  relay?.kill('SIGKILL')
  redis.close()
  await rm(dir, { recursive: true, force: true })
})

async function answerAt(port: number): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port })
  const [heard] = await once(socket, 'data').catch(() => [undefined])
  socket.destroy()
  return heard?.toString()
}

/** Sections as chart redis-ha writes them: a door for probes, backends that only check, and one that is led to. */
test('what stands in for HAProxy says that it lives, and leads to the backend of the frontend', async () => {
  const [health, front, nobody] = [await freePort(), await freePort(), await freePort()]
  const { port } = redis.address() as AddressInfo
  const lines = [
    'defaults REDIS',
    '  mode tcp',
    'listen health_check_http_url',
    `  bind [::]:${health} v4v6`,
    '  mode http',
    '  monitor-uri /healthz',
    '# Check Sentinel and whether they are nominated master',
    'backend check_if_redis_is_master_0',
    `  server R0 127.0.0.1:${nobody} check inter 1s`,
    'frontend ft_redis_master',
    `  bind [::]:${front} v4v6`,
    '  use_backend bk_redis_master',
    'backend bk_redis_master',
    '  use-server R0 if { srv_is_up(R0) } { nbsrv(check_if_redis_is_master_0) ge 2 }',
    `  server R0 127.0.0.1:${port} check inter 1s fall 1 rise 1`,
  ]
  await writeFile(join(dir, 'haproxy.cfg'), `${lines.join('\n')}\n`)
  relay = spawn('python3', [RELAY, '-f', join(dir, 'haproxy.cfg')], {
    env: { PATH: process.env.PATH, POD_ADDRESS: '127.0.0.1' },
    stdio: 'ignore',
  })
  expect(await until('an answer of Redis', () => answerAt(front))).toBe('+PONG\r\n')
  expect((await fetch(`http://127.0.0.1:${health}/healthz`)).status).toBe(200)
  expect((await fetch(`http://127.0.0.1:${health}/other`)).status).toBe(503)
})
