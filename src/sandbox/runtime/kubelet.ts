import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { type Command, EXEC_PROTOCOLS, enterPod, runCommand } from './exec.ts'
import { joinSockets } from './join-sockets.ts'

/** What stands behind a container. */
export type Behind =
  /** A process; `folder` is its Pod's. */
  | { readonly kind: 'real'; readonly folder: string }
  | { readonly kind: 'simulated' }
  /** Its process does not run now. */
  | { readonly kind: 'nothing' }

export interface KubeletPlace {
  readonly port: number
  /** The API server must show a certificate of this authority; nobody else is let in. */
  readonly pki: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer }
  /** Port of 127.0.0.1 where kwok plays the kubelet. */
  readonly kwokPort: number
  readonly find: (namespace: string, pod: string, container: string) => Behind
}

interface Asked extends Command {
  readonly namespace: string
  readonly pod: string
}

/**
 * The kubelets' side of the nodes: commands in real containers are run here, everything else is kwok's.
 * kwok's own `exec` keeps exit codes and the end of the input to itself. Source: kwok v0.8.0, pkg/utils/exec.
 * @throws Error when the port is taken
 */
export async function serveKubelet(place: KubeletPlace): Promise<{ close(): void }> {
  const { port, pki } = place
  const open = new Set<Socket>()
  const server = createServer({ ...pki, requestCert: true, rejectUnauthorized: true }, (incoming, outgoing) =>
    passRequest(place, incoming, outgoing),
  )
  // The API server lets go of idle connections after 90 seconds; who lets go first here would cut off its next request.
  server.keepAliveTimeout = 120_000
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => EXEC_PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  })
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  server.on('upgrade', (incoming, socket: Socket, head) => {
    socket.on('error', () => socket.destroy())
    const asked = askedFor(incoming)
    if (asked === undefined) passUpgrade(place, incoming, socket, head)
    else void exec(asked)
    async function exec(command: Asked) {
      const inside = await admit(place, incoming, command).catch((error: Error) => refuse(socket, error.message))
      if (inside) sockets.handleUpgrade(incoming, socket, head, (client) => runCommand(client, inside, plain(command)))
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve)
  })
  return {
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

/** A command, from `/exec/NAMESPACE/POD[/UID]/CONTAINER?command=…`. Source: k8s.io/kubernetes/pkg/kubelet/server. */
function askedFor({ url = '' }: IncomingMessage): Asked | undefined {
  if (!URL.canParse(url, 'https://kubelet')) return undefined
  const { pathname, searchParams } = new URL(url, 'https://kubelet')
  const [, what, namespace, pod, ...rest] = pathname.split('/')
  const container = rest.at(-1)
  if (what !== 'exec' || namespace === undefined || pod === undefined || container === undefined) return undefined
  const isSet = (name: string) => ['1', 'true'].includes(searchParams.get(name) ?? '')
  return {
    namespace,
    pod,
    container,
    argv: searchParams.getAll('command'),
    stdin: isSet('input') || isSet('stdin'),
    tty: isSet('tty'),
  }
}

const plain = ({ container, argv, stdin, tty }: Asked): Command => ({ container, argv, stdin, tty })

/** @throws Error with what to tell the client */
async function admit({ find }: KubeletPlace, { headers }: IncomingMessage, asked: Asked): Promise<Socket> {
  const { namespace, pod, container } = asked
  const behind = find(namespace, pod, container)
  if (behind.kind === 'nothing') throw new Error(`container not found ("${container}")`)
  if (behind.kind === 'simulated') {
    throw new Error(
      `container ${container} of pod ${namespace}/${pod} is simulated: there is no process to run a command beside`,
    )
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/)
  if (
    headers.upgrade?.toLowerCase() !== 'websocket' ||
    !EXEC_PROTOCOLS.some((protocol) => offered.includes(protocol))
  ) {
    throw new Error(
      `the sandbox runs commands for clients that speak ${EXEC_PROTOCOLS.join(' or ')}: kubectl 1.31 or newer`,
    )
  }
  return await enterPod(behind.folder).catch(() => {
    throw new Error(`container not found ("${container}")`)
  })
}

/** Before the upgrade, as a kubelet; as an object, because clients read a text with a colon as one without a message. */
function refuse(socket: Socket, message: string): undefined {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'BadRequest', code: 400 }
  const body = JSON.stringify(status)
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`)
}

function passRequest({ kwokPort }: KubeletPlace, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers } = incoming
  const passed = request({ host: '127.0.0.1', port: kwokPort, method, path: url, headers, agent: false })
  passed.on('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(outgoing)
    response.on('error', () => outgoing.destroy())
  })
  passed.on('error', () =>
    outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end('kwok does not answer'),
  )
  outgoing.on('close', () => passed.destroy())
  incoming.pipe(passed)
}

function passUpgrade({ kwokPort }: KubeletPlace, incoming: IncomingMessage, socket: Socket, head: Buffer): void {
  const { method, url, rawHeaders } = incoming
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  const kwok = connect({ host: '127.0.0.1', port: kwokPort })
  kwok.write(`${[`${method} ${url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`)
  kwok.write(head)
  joinSockets(socket, kwok)
}
