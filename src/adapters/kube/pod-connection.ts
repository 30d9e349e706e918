import type { ClientRequest, IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { StepError } from '../../errors.ts'
import type { Server } from './connection.ts'
import { type Attempt, describeRef, refusal, unreachable } from './errors.ts'

/** Source: Kubernetes API conventions, websockets; k8s.io/kubelet, portforward/websocket.go: a byte of channel before each message. */
const PROTOCOL = 'v4.channel.k8s.io'
const DATA = 0
const ERROR = 1
/** The first message of each channel names the port, in two bytes. */
const PORT_BYTES = 2
const OPEN_WITHIN_MS = 20_000

export interface PodPort {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/**
 * A connection to a port of a Pod through the API server. What the Pod's side refuses comes as an error of the stream.
 * @throws PreflightError when the API server does not answer or does not allow it, StepError when there is no such Pod
 */
export async function connectToPod(
  server: Server,
  { namespace, name, port }: PodPort,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  signal?.throwIfAborted()
  const attempt: Attempt = { verb: `forward port ${port} of`, object: describeRef({ kind: 'Pod', namespace, name }) }
  const { headers, agent } = await server.authorize('watch')
  const url = new URL(server.url)
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/portforward`
  url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`
  url.searchParams.set('ports', String(port))
  const socket = new WebSocket(url, [PROTOCOL], { headers, agent, handshakeTimeout: OPEN_WITHIN_MS })
  const stop = () => socket.terminate()
  signal?.addEventListener('abort', stop, { once: true })
  socket.once('close', () => signal?.removeEventListener('abort', stop))
  try {
    await opened(socket, attempt, server)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
  return streamOf(socket, attempt)
}

function opened(socket: WebSocket, attempt: Attempt, server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      // Nothing is taken before somebody reads: what comes at once would be lost.
      socket.pause()
      resolve()
    })
    socket.once('error', (error) => reject(unreachable(server.url.origin, attempt, error)))
    socket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
      })
      response.on('end', () => {
        reject(refusal({ code: response.statusCode ?? 0, message: messageIn(text) }, attempt))
        socket.terminate()
      })
    })
  })
}

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message
  } catch {
    return text.trim() || undefined
  }
}

function streamOf(socket: WebSocket, attempt: Attempt): Duplex {
  const left = new Map([
    [DATA, PORT_BYTES],
    [ERROR, PORT_BYTES],
  ])
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.send(Buffer.concat([Buffer.from([DATA]), chunk]), done),
    // The protocol knows no end of one direction: the connection stays open until the answer has come.
    final: (done) => done(),
    destroy(error, done) {
      socket.terminate()
      done(error)
    },
  })
  socket.on('message', (message: Buffer) => {
    const channel = message[0] ?? DATA
    const skip = left.get(channel) ?? 0
    left.set(channel, 0)
    const payload = message.subarray(1 + skip)
    if (payload.length === 0) return
    if (channel === ERROR) stream.destroy(refused(payload.toString('utf8'), attempt))
    else if (!stream.push(payload)) socket.pause()
  })
  socket.on('error', (error) => stream.destroy(error))
  socket.on('close', () => stream.push(null))
  return stream
}

const refused = (cause: string, { verb, object }: Attempt): StepError =>
  new StepError('PodRefused', `could not ${verb} ${object}`, {
    cause: cause.trim(),
    hint: `look at the pod: kubectl describe ${object.replace(/^Pod ([^/]+)\/(.*)$/, 'pod $2 -n $1')}`,
  })
