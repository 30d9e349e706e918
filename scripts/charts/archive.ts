import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'

/** The files of a packed chart by path below the chart's folder, e.g. `charts/grafana/values.yaml`. */
export async function readArchive(file: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  const tar = extract()
  tar.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk) => chunks.push(chunk as Buffer))
    stream.on('end', () => {
      const path = header.name.replace(/^\.\//, '').split('/').slice(1).join('/')
      if (header.type === 'file') files.set(path, Buffer.concat(chunks).toString('utf8'))
      next()
    })
  })
  const bytes = gunzipSync(await readFile(file))
  await new Promise<void>((resolve, reject) => {
    tar.on('finish', () => resolve())
    tar.on('error', reject)
    tar.end(bytes)
  })
  return files
}
