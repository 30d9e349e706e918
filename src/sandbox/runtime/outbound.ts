import { createServer, type Server, type Socket } from 'node:net'
import { join, relative } from 'node:path'
import { joinSockets } from './join-sockets.ts'
import type { Address } from './routes.ts'
import { firstLine } from './shim.ts'

/** Opens a connection, or says that nothing is there. */
export type Dial = (target: Address) => Promise<Socket | undefined>

/** Leads connections out of a Pod to where `dial` says; the Pod's side is `sandbox/runtime/pod.py`. */
export function serveOutbound(folder: string, dial: Dial): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    pass(socket, dial).catch(() => socket.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Relative, because the system allows 107 characters.
    server.listen({ path: relative(process.cwd(), join(folder, 'out.sock')) }, () => resolve(server))
  })
}

async function pass(socket: Socket, dial: Dial): Promise<void> {
  const [address = '', port = ''] = (await firstLine(socket)).split(' ')
  const target = await dial({ address, port: Number(port) }).catch(() => undefined)
  if (target === undefined) {
    socket.end('no\n')
    return
  }
  socket.write('ok\n')
  joinSockets(socket, target)
}
