import { type ClientRequest, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'

/** Where a proxy sends what it gets; `tls` holds the client's identity for an API server. */
export interface Upstream {
  readonly url: string
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
  /** Whom the API server takes the client for, with no more rights than that user has; absent = who the certificate says. */
  readonly as?: string
}

/** The same request to the upstream, not sent yet. */
export function outgoing(upstream: Upstream, client: IncomingMessage): ClientRequest {
  const url = new URL(client.url ?? '/', upstream.url)
  const headers: OutgoingHttpHeaders = { ...client.headers, host: url.host }
  if (upstream.tls) delete headers.authorization
  if (upstream.as !== undefined) headers['impersonate-user'] = upstream.as
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest
  return open(url, { method: client.method, headers, ...upstream.tls })
}

function headLines({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const fields = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...fields, '\r\n'].join('\r\n')
}

/** A WebSocket, as port-forward opens one: the bytes go through as they are, and so does a refusal. */
export function passUpgrade(
  upstream: Upstream,
  client: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
): void {
  const out = outgoing(upstream, client)
  const cut = () => {
    socket.destroy()
    out.destroy()
  }
  socket.on('error', cut).on('close', cut)
  out.on('error', cut)
  out.on('upgrade', (reply, beyond, first) => {
    beyond.on('error', cut).on('close', cut)
    socket.on('close', () => beyond.destroy())
    socket.write(headLines(reply))
    if (first.length > 0) socket.write(first)
    if (head.length > 0) beyond.write(head)
    socket.pipe(beyond).pipe(socket)
  })
  out.on('response', (reply) => {
    socket.write(headLines(reply))
    reply.pipe(socket)
  })
  out.end()
}
