import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'

/** Packs a chart of two files, as `helm package` would. */
export async function packChart(
  folder: string,
  chart: {
    readonly name: string
    readonly version: string
    readonly standIn?: boolean
    readonly message?: string
    readonly files?: Readonly<Record<string, string>>
  },
): Promise<string> {
  const { name, version, standIn = false, message = 'hello', files = {} } = chart
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${name}-${version}.tgz`)
  const tar = pack()
  const annotations = standIn ? '\nannotations:\n  llmgw.dev/stand-in: "true"' : ''
  tar.entry({ name: `${name}/Chart.yaml` }, `apiVersion: v2\nname: ${name}\nversion: ${version}${annotations}\n`)
  const template = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: packed\ndata:\n  message: ${message}\n`
  tar.entry({ name: `${name}/templates/configmap.yaml` }, template)
  for (const [path, text] of Object.entries(files)) tar.entry({ name: `${name}/${path}` }, text)
  tar.finalize()
  await pipeline(tar, createGzip(), createWriteStream(file))
  return file
}

/** `sha256:…` of a file or text. */
export async function sha256(content: Buffer | string): Promise<string> {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

export interface ChartServer {
  readonly url: string
  readonly requests: string[]
  close(): Promise<void>
}

async function listen(handle: RequestListener, requests: string[]): Promise<ChartServer> {
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A web folder that serves files by name; those in `cut` break off in the middle. */
export function webFolder(files: Readonly<Record<string, string>>, cut: readonly string[] = []): Promise<ChartServer> {
  return listen(async (request, response) => {
    const name = (request.url ?? '').slice(1)
    const file = files[name]
    if (file === undefined) {
      response.writeHead(404).end()
    } else if (cut.includes(name)) {
      const content = await readFile(file)
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, content.length / 2), () => response.destroy())
    } else {
      createReadStream(file).pipe(response.writeHead(200))
    }
  }, [])
}

/** A registry that serves one chart for reading. Source: OCI distribution specification 1.1, pull. */
export async function registry(chart: { readonly name: string; readonly version: string; readonly file: string }) {
  const layer = await readFile(chart.file)
  const config = JSON.stringify({ apiVersion: 'v2', name: chart.name, version: chart.version })
  const blobs = new Map<string, Buffer>([
    [await sha256(layer), layer],
    [await sha256(config), Buffer.from(config)],
  ])
  const describe = async (mediaType: string, content: Buffer | string) => ({
    mediaType,
    digest: await sha256(content),
    size: Buffer.byteLength(content),
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: await describe('application/vnd.cncf.helm.config.v1+json', config),
    layers: [await describe('application/vnd.cncf.helm.chart.content.v1.tar+gzip', layer)],
  })
  const digest = await sha256(manifest)
  const root = `/v2/charts/${chart.name}`
  return listen((request, response) => {
    const url = request.url ?? ''
    const blob = blobs.get(decodeURIComponent(url.replace(`${root}/blobs/`, '')))
    if (url === `${root}/manifests/${chart.version}` || url === `${root}/manifests/${digest}`) {
      const headers = { 'content-type': mediaType, 'content-length': manifest.length, 'docker-content-digest': digest }
      response.writeHead(200, headers).end(manifest)
    } else if (url === `${root}/tags/list?n=1000` || url.startsWith(`${root}/tags/list`)) {
      response.writeHead(200).end(JSON.stringify({ name: `charts/${chart.name}`, tags: [chart.version] }))
    } else if (blob !== undefined) {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': blob.length }).end(blob)
    } else if (url === '/v2/') {
      response.writeHead(200).end('{}')
    } else {
      response.writeHead(404).end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'not found' }] }))
    }
  }, [])
}
