import { Duplex } from 'node:stream'
import WebSocket from 'ws'
import { PreflightError, StepError } from '../../errors.ts'
import type { Server } from './connection.ts'
import { describeRef, refusal, unreachable } from './errors.ts'
import { statusOf } from './rest.ts'

/** A port of a container in a pod. */
export interface PodPort {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** Streams into pods, through the API server. */
export interface PodStreams {
  /**
   * A connection to a port of a pod. It ends with an error where nothing listens there.
   * @throws PreflightError, StepError when the API server does not let us in, or knows no such pod
   */
  open(pod: PodPort, signal: AbortSignal): Promise<Duplex>
}

/** One channel for data and one for errors. Source: kubernetes, staging/src/k8s.io/apimachinery/pkg/util/httpstream/wsstream. */
const PROTOCOL = 'v4.channel.k8s.io'
const DATA = 0
const ERROR = 1
/** The first message of each channel names the port. */
const HEAD_BYTES = 2

/** How long the API server may take until the connection stands. */
const OPEN_WITHIN_MS = 15_000

/** How long it may take to end it. */
const CLOSE_WITHIN_MS = 1_000

/** Port-forward over WebSockets, with the credentials and the proxy of this server. */
export function createPodStreams(server: Server): PodStreams {
  return {
    async open(pod, signal) {
      signal.throwIfAborted()
      const { headers, agent } = await server.authorize('watch')
      const socket = new WebSocket(urlOf(server.url, pod), [PROTOCOL], {
        headers: { ...headers, 'user-agent': 'llmgw' },
        agent,
        handshakeTimeout: OPEN_WITHIN_MS,
        perMessageDeflate: false,
      })
      // Before it stands: the first message may come with the answer that opens it.
      const stream = streamOf(socket, pod)
      stream.on('error', () => undefined)
      await opened(socket, { server, pod, signal })
      return stream
    },
  }
}

function urlOf(base: URL, { namespace, name, port }: PodPort): URL {
  const url = new URL(base)
  url.protocol = base.protocol === 'http:' ? 'ws:' : 'wss:'
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/portforward`
  url.pathname = `${base.pathname.replace(/\/$/, '')}${path}`
  url.searchParams.set('ports', String(port))
  return url
}

interface Opening {
  readonly server: Server
  readonly pod: PodPort
  readonly signal: AbortSignal
}

/** Resolves when the connection stands; a refusal is translated like every other. */
function opened(socket: WebSocket, { server, pod, signal }: Opening): Promise<void> {
  const attempt = { verb: 'forward to', object: describeRef({ kind: 'Pod', ...pod }) }
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.terminate()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    const settled = (): void => signal.removeEventListener('abort', abort)
    socket.once('open', () => {
      settled()
      resolve()
    })
    socket.once('unexpected-response', (_request, response) => {
      settled()
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        socket.terminate()
        const text = Buffer.concat(chunks).toString('utf8')
        reject(refusal(statusOf({ status: response.statusCode ?? 0, text }), attempt))
      })
    })
    // Also after it stood: without a listener it would end the process.
    socket.on('error', (error) => {
      settled()
      reject(error instanceof PreflightError ? error : unreachable(server.url.origin, attempt, error.message))
    })
  })
}

function streamOf(socket: WebSocket, pod: PodPort): Duplex {
  const heads = new Set<number>()
  const stream = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      socket.send(Buffer.concat([Buffer.of(DATA), chunk]), done)
    },
    // The protocol cannot end one direction alone: the pod's answer may still be on its way.
    final: (done) => done(),
    destroy(error, done) {
      socket.close()
      // The other side may be gone: its goodbye is no reason to stay.
      const timer = setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS)
      timer.unref()
      socket.once('close', () => clearTimeout(timer))
      done(error)
    },
  })
  socket.on('message', (raw: Buffer) => {
    const channel = raw[0] ?? DATA
    const isHead = !heads.has(channel)
    heads.add(channel)
    const body = raw.subarray(isHead ? 1 + HEAD_BYTES : 1)
    if (body.length === 0) return
    if (channel === ERROR) stream.destroy(failure(pod, body.toString('utf8')))
    else if (!stream.push(body)) socket.pause()
  })
  socket.on('close', () => stream.push(null))
  socket.on('error', (error) => stream.destroy(error))
  return stream
}

function failure(pod: PodPort, words: string): StepError {
  return new StepError('ForwardFailed', `${describeRef({ kind: 'Pod', ...pod })} does not answer on port ${pod.port}`, {
    cause: words.trim(),
    hint: 'look at the pod: llmgw status',
  })
}
