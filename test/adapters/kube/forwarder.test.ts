import { connect, createServer, type Server } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { type Forward, startForward } from '../../../src/adapters/kube/forwarder.ts'
import type { PodPort, PodStreams } from '../../../src/adapters/kube/port-forward.ts'
import { type FakeKube, fakeKube } from '../../fakes/fake-kube.ts'

const TARGET = { namespace: 'litellm', service: 'litellm', port: 4000 }
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function slice(pods: readonly string[]) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'litellm-1', namespace: 'litellm', labels: { 'kubernetes.io/service-name': 'litellm' } },
    ports: [{ name: 'http', port: 4444 }],
    endpoints: pods.map((name) => ({ conditions: { ready: true }, targetRef: { kind: 'Pod', name } })),
  }
}

function cluster(pods: readonly string[]): FakeKube {
  const kube = fakeKube()
  kube.seed({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'litellm', namespace: 'litellm' },
    spec: { ports: [{ name: 'http', port: 4000, targetPort: 'http' }] },
  })
  kube.seed(slice(pods))
  return kube
}

/** Pods that tell who they are. */
const telling: PodStreams = {
  async open({ name, port }: PodPort) {
    const stream = new PassThrough()
    stream.end(`${name}:${port}`)
    return stream
  },
}

interface Started {
  readonly forward: Forward
  readonly reports: readonly string[]
}

async function start(
  kube: FakeKube,
  more: { streams?: PodStreams; port?: number; exact?: boolean } = {},
): Promise<Started> {
  const reports: string[] = []
  const forward = await startForward({
    kube,
    streams: more.streams ?? telling,
    target: TARGET,
    local: { port: more.port ?? 0, exact: more.exact ?? false },
    signal: new AbortController().signal,
    report: (line) => reports.push(line),
  })
  closing.push(() => forward.close())
  return { forward, reports }
}

/** What a client reads until the connection ends. */
function read(port: number): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
    socket.on('end', () => socket.end())
  })
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

async function taken(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => void (await new Promise((resolve) => server.close(resolve))))
  return { server, port: (server.address() as { port: number }).port }
}

describe('a forwarded port', () => {
  it("leads to a ready pod, on the pod's own port, from loopback only (B.29)", async () => {
    const { forward } = await start(cluster(['a']))
    expect(forward.host).toBe('127.0.0.1')
    expect(await read(forward.port)).toBe('a:4444')
  })

  it('follows when the pod is replaced, and says so', async () => {
    const kube = cluster(['a'])
    const { forward, reports } = await start(kube)
    expect(await read(forward.port)).toBe('a:4444')
    // As the API server writes a slice while nobody is there.
    kube.seed({ ...slice([]), ports: null, endpoints: null })
    await until(() => forward.pod() === undefined)
    kube.seed(slice(['b']))
    await until(() => forward.pod() === 'b')
    expect(await read(forward.port)).toBe('b:4444')
    expect(reports).toEqual(['pod a was replaced by b'])
  })

  it('ends a connection to a pod that is gone, and none to one that is ending', async () => {
    const kube = cluster(['a'])
    let opened = false
    const silent: PodStreams = {
      async open() {
        opened = true
        return new PassThrough()
      },
    }
    const { forward } = await start(kube, { streams: silent })
    let ended = false
    const answer = read(forward.port).then((text) => {
      ended = true
      return text
    })
    await until(() => opened)
    const ending = {
      ...slice([]),
      endpoints: [{ conditions: { ready: false }, targetRef: { kind: 'Pod', name: 'a' } }],
    }
    kube.seed(ending)
    await until(() => forward.pod() === undefined)
    expect(ended).toBe(false)
    kube.seed({ ...slice([]), ports: null, endpoints: null })
    expect(await answer).toBe('')
  })

  it('stays with its pod while that one is ready', async () => {
    const kube = cluster(['b'])
    const { forward } = await start(kube)
    await read(forward.port)
    kube.seed(slice(['a', 'b']))
    expect(await read(forward.port)).toBe('b:4444')
  })

  it('lets a connection wait until there is a pod', async () => {
    const kube = cluster([])
    const { forward } = await start(kube)
    const answer = read(forward.port)
    kube.seed(slice(['late']))
    expect(await answer).toBe('late:4444')
  })

  it('ends a connection that the pod refuses, and says why, without ending itself', async () => {
    let working = false
    const streams: PodStreams = {
      open: (pod, signal) =>
        working ? telling.open(pod, signal) : Promise.reject(new Error('Pod litellm/a does not answer')),
    }
    const { forward, reports } = await start(cluster(['a']), { streams })
    expect(await read(forward.port)).toBe('')
    expect(reports).toEqual(['Pod litellm/a does not answer'])
    working = true
    expect(await read(forward.port)).toBe('a:4444')
  })

  it('takes a free port where its own is taken, unless that one was asked for', async () => {
    const { port } = await taken()
    const { forward } = await start(cluster(['a']), { port })
    expect(forward.port).not.toBe(port)
    expect(await read(forward.port)).toBe('a:4444')
    await expect(start(cluster(['a']), { port, exact: true })).rejects.toMatchObject({ code: 'PortTaken' })
  })

  it('gives its port back', async () => {
    const { forward } = await start(cluster(['a']))
    await forward.close()
    expect(await read(forward.port)).toBe('')
    await expect(start(cluster(['a']), { port: forward.port, exact: true })).resolves.toBeDefined()
  })
})
