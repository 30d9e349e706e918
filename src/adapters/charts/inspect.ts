import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { parse } from 'yaml'
import * as z from 'zod'

const STAND_IN = 'llmgw.dev/stand-in'
/** No chart is that large; more is a broken or hostile archive. */
const MOST_BYTES = 256 * 2 ** 20

const unzip = promisify(gunzip)

const metadataSchema = z.object({
  name: z.string(),
  version: z.coerce.string(),
  kubeVersion: z.string().nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
})

/** A chart on this machine: what it is, and the digest of all its bytes. */
export interface InspectedChart {
  readonly name: string
  readonly version: string
  readonly standIn: boolean
  readonly kubeVersion?: string
  /** `sha256:…` of the archive, or of the canonical listing of a folder. */
  readonly digest: string
  readonly form: 'archive' | 'folder'
}

function metadataOf(chartYaml: string): Omit<InspectedChart, 'digest' | 'form'> {
  const { name, version, annotations, kubeVersion } = metadataSchema.parse(parse(chartYaml))
  return { name, version, standIn: annotations?.[STAND_IN] === 'true', ...(kubeVersion ? { kubeVersion } : {}) }
}

/** Texts of the files of an archive that `wanted` picks, by path; reads to the end, so that a cut archive is noticed. */
export async function textsOf(
  archive: Buffer,
  wanted: (path: string) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const bytes = await unzip(archive, { maxOutputLength: MOST_BYTES })
  const found = new Map<string, string>()
  const tar = extract()
  tar.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = []
    const path = header.name.replace(/^\.\//, '')
    const isWanted = wanted(path)
    stream.on('data', (chunk) => {
      if (isWanted && Buffer.isBuffer(chunk)) chunks.push(chunk)
    })
    stream.on('end', () => {
      if (isWanted) found.set(path, Buffer.concat(chunks).toString('utf8'))
      next()
    })
  })
  await new Promise<void>((resolve, reject) => {
    tar.on('finish', () => resolve())
    tar.on('error', reject)
    tar.end(bytes)
  })
  return found
}

/** Text of `<chart>/Chart.yaml` in an archive. */
async function chartYamlOf(archive: Buffer): Promise<string> {
  const [text] = (await textsOf(archive, (path) => /^[^/]+\/Chart\.yaml$/.test(path))).values()
  if (text === undefined) throw new Error('the archive holds no Chart.yaml')
  return text
}

/** Paths of all files below a folder, relative to it. */
export async function filesBelow(folder: string, at = ''): Promise<readonly string[]> {
  const entries = await readdir(join(folder, at), { withFileTypes: true })
  const files = await Promise.all(
    entries.map((entry) => {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      return entry.isDirectory() ? filesBelow(folder, path) : [path]
    }),
  )
  return files.flat()
}

/** `sha256:…` over the sorted relative paths and the contents of all files: the same on every machine. */
export async function folderDigest(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const paths = [...(await filesBelow(folder))].sort()
  for (const path of paths) {
    const content = await readFile(join(folder, path))
    // Lengths keep neighbours apart: no two folders give the same stream of bytes.
    hash.update(`${Buffer.byteLength(path)}:${path}${content.length}:`).update(content)
  }
  return `sha256:${hash.digest('hex')}`
}

/** What an unpacked chart is. */
export async function inspectFolder(folder: string): Promise<InspectedChart> {
  const metadata = metadataOf(await readFile(join(folder, 'Chart.yaml'), 'utf8'))
  return { ...metadata, digest: await folderDigest(folder), form: 'folder' }
}

/** What a packed chart is. @throws when it is cut, or no chart */
export async function inspectArchive(file: string): Promise<InspectedChart> {
  const archive = await readFile(file)
  const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`
  return { ...metadataOf(await chartYamlOf(archive)), digest, form: 'archive' }
}
