import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identify } from '../../src/adapters/process-identity.ts'
import { withLock } from '../../src/sandbox/lock.ts'
import { findOwn } from '../../src/sandbox/mark.ts'
import { freePort } from '../../src/sandbox/ports.ts'
import { logFile, processState, startProcess, stopProcess } from '../../src/sandbox/process.ts'

let dir = ''
const world = () => ({ dir, environment: { PATH: process.env.PATH ?? '' } })
const sleeper = { name: 'sleeper', command: 'sleep', args: ['600'], env: {} }

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-process-'))
})
afterEach(async () => {
  await stopProcess(world(), 'sleeper')
  await rm(dir, { recursive: true, force: true })
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('a detached process', () => {
  test('is started once, found, and ended', async () => {
    const pid = await startProcess(world(), sleeper)
    expect(await startProcess(world(), sleeper)).toBe(pid)
    expect(await processState(world(), 'sleeper')).toEqual({ pid })
    expect((await findOwn(dir)).map((found) => found.pid)).toEqual([pid])
    await stopProcess(world(), 'sleeper')
    expect(await identify(pid)).toBeUndefined()
    expect(await processState(world(), 'sleeper')).toBeUndefined()
    await stopProcess(world(), 'sleeper')
  })

  test('that ignores SIGTERM is killed, and so are its children', async () => {
    const script = 'trap "" TERM; sleep 601 & echo $!; wait; wait; sleep 602'
    await startProcess(world(), { ...sleeper, command: 'sh', args: ['-c', script] })
    const output = async () => (await readFile(logFile(world(), 'sleeper'), 'utf8')).trim()
    await until(async () => (await output()) !== '')
    const child = Number(await output())
    expect(await identify(child)).toBeDefined()
    await stopProcess(world(), 'sleeper', 200)
    await until(async () => (await findOwn(dir)).length === 0)
    expect(await identify(child)).toBeUndefined()
  })

  test('is not mistaken for a later one of the same pid', async () => {
    const pid = await startProcess(world(), sleeper)
    const file = join(dir, 'run', 'sleeper.json')
    const identity = await readFile(file, 'utf8')
    await writeFile(file, JSON.stringify({ pid, startTime: '1' }))
    expect(await processState(world(), 'sleeper')).toBeUndefined()
    await stopProcess(world(), 'sleeper')
    expect(await identify(pid)).toBeDefined()
    await writeFile(file, identity)
  })

  test('that does not exist is an error that names it', async () => {
    const missing = { ...sleeper, command: join(dir, 'no-such-program') }
    await expect(startProcess(world(), missing)).rejects.toMatchObject({ code: 'SandboxPartNotStarted' })
  })
})

describe('a free port', () => {
  test('is below the range of outgoing connections and can be listened on', async () => {
    const port = await freePort()
    expect(port).toBeGreaterThanOrEqual(20_000)
    expect(port).toBeLessThan(32_000)
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('the lock', () => {
  const signal = new AbortController().signal
  const options = () => ({ file: join(dir, '.lock'), signal, onWait: () => undefined })

  test('lets one in at a time, and goes on after a failure', async () => {
    let inside = 0
    let most = 0
    const enter = async () => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setTimeout(resolve, 20))
      inside -= 1
    }
    const failing = withLock(options(), () => Promise.reject(new Error('failed inside')))
    await expect(failing).rejects.toThrow('failed inside')
    await Promise.all([1, 2, 3].map(() => withLock(options(), enter)))
    expect(most).toBe(1)
  })

  test('of a process that died is taken over; of one that lives it is waited for', async () => {
    await writeFile(join(dir, '.lock'), JSON.stringify({ pid: process.pid, startTime: '1' }))
    expect(await withLock(options(), async () => 'in')).toBe('in')
    await writeFile(join(dir, '.lock'), JSON.stringify(await identify(process.pid)))
    const waiting = new AbortController()
    const told: number[] = []
    const onWait = (pid: number): void => {
      told.push(pid)
      waiting.abort()
    }
    const entered = withLock({ ...options(), signal: waiting.signal, onWait }, async () => 'in')
    await expect(entered).rejects.toMatchObject({ name: 'AbortError' })
    expect(told).toEqual([process.pid])
  })
})
