import { request } from 'node:http'
import { connect as connectSecurely } from 'node:tls'
import type { Container, Probe } from './objects.ts'
import { connectInto, type Shim } from './shim.ts'

export interface ProbeTarget {
  readonly container: Container
  /** The Pod's folder. */
  readonly folder: string
  /** The Pod's address, as the server sees it. */
  readonly address: string
  readonly shim: Pick<Shim, 'exec'>
}

/** Undefined when the probe succeeded, else why not, in a kubelet's words. Source: k8s.io/kubernetes/pkg/probe */
export async function probeOnce(probe: Probe, target: ProbeTarget): Promise<string | undefined> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  try {
    if (probe.httpGet) return await probeHttp(probe.httpGet, target, timeoutMs)
    if (probe.tcpSocket) return await probeTcp(portOf(probe.tcpSocket.port, target.container), target)
    if (!probe.exec) return undefined
    const { code, output } = await target.shim.exec(target.container.name, probe.exec.command ?? [], timeoutMs / 1000)
    return code === 0 ? undefined : output.trim() || `exit code ${code}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Number of a port that may be named. */
export function portOf(port: number | string, container: Pick<Container, 'ports'>): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port)
  if (Number.isNaN(named)) throw new Error(`no port is named ${port}`)
  return named
}

async function probeTcp(port: number, { folder, address }: ProbeTarget): Promise<string | undefined> {
  try {
    ;(await connectInto(folder, port)).destroy()
    return undefined
  } catch {
    return `dial tcp ${address}:${port}: connect: connection refused`
  }
}

async function probeHttp(
  get: NonNullable<Probe['httpGet']>,
  { container, folder, address }: ProbeTarget,
  timeoutMs: number,
): Promise<string | undefined> {
  const port = portOf(get.port, container)
  const scheme = (get.scheme ?? 'HTTP').toLowerCase()
  const host = `${address}:${port}`
  const path = get.path ?? '/'
  const url = `${scheme}://${host}${path}`
  const socket = await connectInto(folder, port).catch(() => undefined)
  if (socket === undefined) return `Get "${url}": dial tcp ${host}: connect: connection refused`
  const headers = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]))
  const status = await new Promise<number | undefined>((resolve) => {
    const outgoing = request({
      // Only without an agent, and without a host to dial, is this connection the one that is used: a Pod's address is fictional.
      createConnection: () =>
        // As a kubelet: nobody checks a Pod's own certificate.
        scheme === 'https' ? connectSecurely({ socket, rejectUnauthorized: false }) : socket,
      path,
      headers: { host, 'user-agent': 'kube-probe/1.35', accept: '*/*', connection: 'close', ...headers },
      timeout: timeoutMs,
    })
    outgoing.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve(undefined))
    outgoing.on('close', () => resolve(undefined))
    outgoing.end()
  })
  socket.destroy()
  if (status === undefined) return `Get "${url}": context deadline exceeded`
  return status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`
}
