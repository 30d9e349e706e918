import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forwardTo } from '../../src/sandbox/operators/forward.ts'
import { freePort } from '../../src/sandbox/ports.ts'

const echo = createServer((socket) => socket.pipe(socket))
let target = 0
beforeAll(async () => {
  echo.listen({ host: '127.0.0.1', port: 0 })
  await once(echo, 'listening')
  target = (echo.address() as AddressInfo).port
})
afterAll(() => {
  echo.close()
})

function say(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed without an answer')))
    socket.once('connect', () => socket.write(text))
    socket.once('data', (data) => {
      resolve(data.toString())
      socket.destroy()
    })
  })
}

describe('forwardTo', () => {
  test('makes an address of the Service range reach a local port, until it is closed', async () => {
    const port = await freePort()
    const forward = await forwardTo('127.253.0.9', port, target)
    expect(forward.address).toBe(`127.253.0.9:${port}`)
    expect(await say('127.253.0.9', port, 'hello')).toBe('hello')
    await expect(say('127.0.0.1', port, 'hello')).rejects.toThrow(/ECONNREFUSED/)
    await forward.close()
    await expect(say('127.253.0.9', port, 'hello')).rejects.toThrow(/ECONNREFUSED/)
  })

  test.each(['10.96.0.1', '0.0.0.0', '192.168.1.5', '::'])('refuses %s, which is not loopback', async (address) => {
    await expect(forwardTo(address, await freePort(), target)).rejects.toThrow(/not in 127\.0\.0\.0\/8/)
  })

  test('survives a target that is not there', async () => {
    const port = await freePort()
    const forward = await forwardTo('127.253.0.10', port, await freePort())
    await expect(say('127.253.0.10', port, 'hello')).rejects.toThrow(/closed|ECONNRESET/)
    await forward.close()
  })
})
