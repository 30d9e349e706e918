import { rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { showText } from '../../config/show.ts'
import { causeOf } from '../../engine/cause.ts'
import { UsageError } from '../../errors.ts'
import { renderError } from '../render-error.ts'
import { scrubbed } from './scrub.ts'

/** What could not be looked at: never taken for "not there". */
interface Lacking {
  readonly what: string
  readonly why: string
}

/** Text, or a document that becomes JSON. */
type Content = { readonly text: string } | { readonly document: unknown }

/** Files of a bundle as they are gathered; what goes in is scrubbed when it is written, with all that is known by then. */
export interface Bundle {
  addJson(path: string, document: unknown): void
  addText(path: string, text: string): void
  /** Does `work`; what it throws is noted, and the rest goes on. Only a stop ends it. */
  gather(what: string, work: () => Promise<void>): Promise<void>
  readonly files: ReadonlyMap<string, Content>
  readonly lacking: readonly Lacking[]
}

export function createBundle(signal: AbortSignal): Bundle {
  const files = new Map<string, Content>()
  const lacking: Lacking[] = []
  return {
    files,
    lacking,
    addJson: (path, document) => void files.set(path, { document }),
    addText: (path, text) => void files.set(path, { text }),
    async gather(what, work) {
      try {
        await work()
      } catch (error) {
        signal.throwIfAborted()
        const { message, evidence = [] } = causeOf(error)
        lacking.push({ what, why: [message, ...evidence].join(': ') })
      }
    },
  }
}

const zip = promisify(gzip)

/** The archive, all below one folder; equal contents give equal bytes. */
async function archived({ files }: Bundle, folder: string, at: Date): Promise<Buffer> {
  const tar = pack()
  const chunks: Buffer[] = []
  tar.on('data', (chunk) => {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  })
  const ended = new Promise<void>((done, fail) => tar.on('end', done).on('error', fail))
  for (const [path, content] of files)
    tar.entry({ name: `${folder}/${path}`, mode: 0o600, mtime: at }, written(content))
  tar.finalize()
  await ended
  return await zip(Buffer.concat(chunks))
}

/** Before encoding too: a value with a quote in it looks different inside JSON, and once more in JSON inside of JSON. */
function written(content: Content): string {
  if ('text' in content) return scrubbed(content.text)
  const clean = (_key: string, value: unknown): unknown => (typeof value === 'string' ? scrubbed(value) : value)
  return scrubbed(`${JSON.stringify(content.document, clean, 2)}\n`)
}

interface Destination {
  readonly cwd: string
  readonly file: string
  readonly folder: string
  readonly at: Date
}

/** Writes it for its owner alone; a reader finds the whole file or none. @returns bytes @throws UsageError BundleUnwritable */
export async function writeBundle(bundle: Bundle, { cwd, file, folder, at }: Destination): Promise<number> {
  const path = resolve(cwd, file)
  const temporary = `${path}.${process.pid}.tmp`
  const bytes = await archived(bundle, folder, at)
  try {
    await writeFile(temporary, bytes, { mode: 0o600 })
    await rename(temporary, path)
    return bytes.length
  } catch (error) {
    await rm(temporary, { force: true })
    throw new UsageError('BundleUnwritable', `the support bundle was not written to ${showText(file)}`, {
      cause: renderError(error, { debug: false }).message,
      hint: 'name a file in a folder that exists and may be written to: llmgw support-bundle -o FILE',
    })
  }
}
