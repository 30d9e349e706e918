import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheDir } from '../../../src/sandbox/folders.ts'
import { freePort } from '../../../src/sandbox/ports.ts'
import { prepareRedis } from '../../../src/sandbox/runtime/prepare.ts'
import type { Issued } from '../../fakes/make-certificate.ts'

export interface RealRedis {
  readonly ports: { readonly redis: number; readonly sentinel: number }
  /** Of the Sentinel's file, which it writes anew whenever it is told something. */
  sentinelFile(): Promise<string>
  close(): Promise<void>
}

interface Wish {
  readonly password: string
  /** Nothing listens in plain text. */
  readonly tls?: Issued & { readonly authority: string }
}

/** The Redis that the sandbox runs behind its pods. */
export async function redisOfSandbox() {
  const signal = new AbortController().signal
  const environment = process.env as Readonly<Record<string, string>>
  const order = { cacheDir: cacheDir(process.env), python: 'python3', environment, report: () => undefined, signal }
  const program = await prepareRedis(order)
  if (program === undefined) throw new Error('there is no Redis for this machine: install Redis 7')
  return program
}

type Program = Awaited<ReturnType<typeof redisOfSandbox>>

/** A server and the Sentinel that watches it on loopback, as the chart configures them. Source: redis-ha chart, _configs.tpl. */
export async function realRedis(program: Program, { password, tls }: Wish): Promise<RealRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'llmgw-redis-'))
  const ports = { redis: await freePort(), sentinel: await freePort() }
  const texts = { 'tls.crt': tls?.certificate, 'tls.key': tls?.key, 'ca.crt': tls?.authority }
  for (const [name, text] of Object.entries(texts)) if (text !== undefined) await writeFile(join(dir, name), text)
  const listen = (port: number) => ['bind 127.0.0.1', `dir ${dir}`, ...(tls ? encrypted(dir, port) : [`port ${port}`])]
  const files = {
    redis: [...listen(ports.redis), `requirepass ${password}`, `masterauth ${password}`, 'save ""'],
    sentinel: [
      ...listen(ports.sentinel),
      `sentinel monitor mymaster 127.0.0.1 ${ports.redis} 1`,
      `sentinel auth-pass mymaster ${password}`,
    ],
  }
  const children: ChildProcess[] = []
  for (const name of ['redis', 'sentinel'] as const) {
    await writeFile(join(dir, `${name}.conf`), `${files[name].join('\n')}\n`)
    const args = [join(dir, `${name}.conf`), ...(name === 'sentinel' ? ['--sentinel'] : [])]
    const PATH = `${program.environment.PATH}:${process.env.PATH}`
    const child = spawn('redis-server', args, { env: { PATH }, stdio: 'ignore' })
    children.push(child)
    await listening(child, ports[name])
  }
  return {
    ports,
    sentinelFile: () => readFile(join(dir, 'sentinel.conf'), 'utf8'),
    async close() {
      for (const child of children) {
        const ended = once(child, 'exit')
        if (child.exitCode === null && child.kill('SIGKILL')) await ended
      }
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const encrypted = (dir: string, port: number) => [
  'port 0',
  `tls-port ${port}`,
  `tls-cert-file ${join(dir, 'tls.crt')}`,
  `tls-key-file ${join(dir, 'tls.key')}`,
  `tls-ca-cert-file ${join(dir, 'ca.crt')}`,
  'tls-auth-clients no',
  'tls-replication yes',
]

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const answered = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
