import { connect, createServer, type Server } from 'node:net'
import { pipeline } from 'node:stream'

export interface Forward {
  /** `127.96.1.2:443` */
  readonly address: string
  /** Of 127.0.0.1. */
  readonly targetPort: number
  /** Stops listening and cuts what is open. */
  close(): Promise<void>
}

/**
 * Makes a Service real: what connects to `clusterIp:port` reaches the port of 127.0.0.1.
 * @throws Error when the address is not loopback, or cannot be listened on
 */
export async function forwardTo(clusterIp: string, port: number, targetPort: number): Promise<Forward> {
  // Whatever the cluster's Service range turned out to be, nothing of a sandbox may listen off loopback.
  if (!/^127\.\d+\.\d+\.\d+$/.test(clusterIp)) throw new Error(`Service address ${clusterIp} is not in 127.0.0.0/8`)
  const open = new Set<() => void>()
  const server = createServer((socket) => {
    const target = connect({ host: '127.0.0.1', port: targetPort })
    const cut = () => {
      socket.destroy()
      target.destroy()
      open.delete(cut)
    }
    open.add(cut)
    pipeline(socket, target, cut)
    pipeline(target, socket, cut)
  })
  await listen(server, clusterIp, port)
  return {
    address: `${clusterIp}:${port}`,
    targetPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const cut of open) cut()
      }),
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const hint =
        error.code === 'EACCES' ? `: run as root, or sysctl -w net.ipv4.ip_unprivileged_port_start=${port}` : ''
      reject(new Error(`cannot listen on ${host}:${port} (${error.code ?? error.message})${hint}`, { cause: error }))
    })
    server.listen({ host, port, exclusive: true }, resolve)
  })
}
