import { createServer, type Server, type Socket } from 'node:net'
import { joinSockets } from './join-sockets.ts'

/** A TCP port of this machine that leads somewhere else. */
export interface Listener {
  readonly port: number
  close(): void
}

/**
 * Listens on a loopback address and leads each connection to where `dial` says.
 * @param port 0 = any free one
 * @throws Error when the address is not loopback, or cannot be listened on
 */
export async function listenAt(
  address: string,
  port: number,
  dial: () => Promise<Socket | undefined>,
): Promise<Listener> {
  if (!/^127(\.\d{1,3}){3}$/.test(address)) throw new Error(`${address} is not in 127.0.0.0/8`)
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    dial().then(
      (target) => (target === undefined ? socket.resetAndDestroy() : joinSockets(socket, target)),
      () => socket.resetAndDestroy(),
    )
  })
  await listening(server, address, port)
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${host}:${port} (${error.code ?? error.message})`, { cause: error })),
    )
    server.listen({ host, port, exclusive: true }, resolve)
  })
}
