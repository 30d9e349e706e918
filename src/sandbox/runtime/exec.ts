import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join, relative } from 'node:path'
import type { WebSocket } from 'ws'
import { type CommandEnd, execStatus } from './exec-status.ts'
import { CHANNEL, encodeFrame, frameDecoder } from './frames.ts'

/** What is to run in which container. */
export interface Command {
  readonly container: string
  readonly argv: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
}

/** Subprotocols of `kubectl exec` that are spoken here, best first; only v5 can end the input. Source: k8s.io/apimachinery/pkg/util/remotecommand. */
export const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const

/** v5: its payload is the channel that the client has closed. */
const CLOSED = 255
/** A client that reads slowly makes the command wait from here on. */
const HELD_BYTES = 1 << 20
/** How often a client is asked whether it is still there: one that waits for a slow command does not say that it goes. */
const PING_MS = 2_000
/** As a shell tells a SIGKILL: the Pod went away under the command. */
const KILLED = 137

/** Opens a command's door of a Pod. @param folder the Pod's @throws Error when its namespaces are not there */
export async function enterPod(folder: string): Promise<Socket> {
  // Relative, because the system allows 107 characters.
  const socket = connect({ path: relative(process.cwd(), join(folder, 'exec.sock')) })
  try {
    await once(socket, 'connect')
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Runs a command inside a Pod for a client, to its end or until the client goes away. */
export function runCommand(client: WebSocket, inside: Socket, command: Command): void {
  const decode = frameDecoder()
  let isOver = false
  const finish = (end: CommandEnd) => {
    if (isOver) return
    isOver = true
    client.send(tagged(CHANNEL.end, Buffer.from(JSON.stringify(execStatus(end)))))
    client.close(1000)
    inside.destroy()
  }
  inside.write(`${JSON.stringify(command)}\n`)
  inside.on('data', (chunk: Buffer) => {
    for (const { channel, payload } of decode(chunk)) {
      if (channel === CHANNEL.end) finish(JSON.parse(payload.toString('utf8')) as CommandEnd)
      else client.send(tagged(channel, payload), () => client.bufferedAmount < HELD_BYTES && inside.resume())
    }
    if (client.bufferedAmount >= HELD_BYTES) inside.pause()
  })
  inside.on('error', () => inside.destroy())
  inside.on('close', () => finish({ code: KILLED }))
  inside.on('drain', () => client.resume())
  client.on('message', (message: Buffer) => {
    const frame = toInside(message)
    if (frame !== undefined && !inside.write(encodeFrame(frame))) client.pause()
  })
  const asking = setInterval(() => client.ping(), PING_MS)
  client.on('error', () => client.terminate())
  client.on('close', () => {
    clearInterval(asking)
    isOver = true
    inside.destroy()
  })
}

const tagged = (channel: number, payload: Buffer): Buffer => Buffer.concat([Buffer.of(channel), payload])

/** What the command is told of a client's message; undefined when it does not concern it. */
function toInside(message: Buffer) {
  const channel = message[0]
  const payload = message.subarray(1)
  if (channel === CLOSED)
    return payload[0] === CHANNEL.input ? { channel: CHANNEL.input, payload: Buffer.of() } : undefined
  // An empty one would end the input: clients send one first, to see that the channel is open.
  if (channel === CHANNEL.input && payload.length > 0) return { channel, payload }
  return channel === CHANNEL.size && isSize(payload) ? { channel, payload } : undefined
}

function isSize(payload: Buffer): boolean {
  try {
    const { Width, Height } = JSON.parse(payload.toString('utf8')) as {
      readonly Width?: unknown
      readonly Height?: unknown
    }
    return [Width, Height].every((side) => Number.isInteger(side) && Number(side) >= 0 && Number(side) < 65_536)
  } catch {
    return false
  }
}
