import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Environment } from '../../adapters/kube/proxy.ts'
import { openUrl } from './http-get.ts'
import type { Digest } from './releases.ts'

/** A file that its publisher does not have: asking again would not help. */
export class NotPublished extends Error {}

const SILENCE_MS = 30_000
const TRIES = 2
const MOST_TEXT_BYTES = 2 ** 20

export interface Surroundings {
  readonly environment: Environment
  readonly signal: AbortSignal
}

export interface Transfer extends Surroundings {
  readonly url: string
  /** Written anew. */
  readonly file: string
  readonly algorithm: Digest['algorithm']
  /** Told the whole size, where the server names it. */
  readonly onSize: (bytes: number) => void
  /** Told how many more bytes arrived; negative when a second try begins anew. */
  readonly onBytes: (bytes: number) => void
  /** Told why a second try is made. */
  readonly onRetry: (reason: string) => void
}

/**
 * Fetches a file; one that was cut is taken up where it ended, once.
 * @returns hexadecimal digest of all of it
 * @throws NotPublished on 404 and 410, Error when it was cut twice
 */
export async function transfer(wanted: Transfer): Promise<string> {
  const progress: Progress = {
    handle: await open(wanted.file, 'w', 0o600),
    hash: createHash(wanted.algorithm),
    done: 0,
  }
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await attemptOnce(wanted, progress)
        return progress.hash.digest('hex')
      } catch (error) {
        wanted.signal.throwIfAborted()
        if (error instanceof NotPublished || attempt === TRIES) throw error
        wanted.onRetry(`${wanted.url} was cut after ${progress.done} bytes (${reasonOf(error)}): once more`)
      }
    }
  } finally {
    await progress.handle.close()
  }
}

interface Progress {
  readonly handle: FileHandle
  hash: Hash
  done: number
}

async function attemptOnce(wanted: Transfer, progress: Progress): Promise<void> {
  await withinSilence(wanted, async (signal, heard) => {
    const headers = progress.done === 0 ? {} : { range: `bytes=${progress.done}-` }
    const answer = await openUrl(wanted.url, { ...wanted, signal, headers })
    const resumes = answer.statusCode === 206 && startOf(answer) === progress.done
    if (!resumes) {
      refuse(answer, wanted.url)
      await beginAnew(wanted, progress)
    }
    const length = Number(answer.headers['content-length'] ?? Number.NaN)
    if (Number.isFinite(length)) wanted.onSize(progress.done + length)
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      heard()
      await progress.handle.write(chunk, 0, chunk.length, progress.done)
      progress.hash.update(chunk)
      progress.done += chunk.length
      wanted.onBytes(chunk.length)
    }
  })
}

const startOf = (answer: IncomingMessage): number =>
  Number(/^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1] ?? Number.NaN)

function refuse(answer: IncomingMessage, url: string): void {
  if (answer.statusCode === 200) return
  answer.resume()
  if (answer.statusCode === 404 || answer.statusCode === 410) {
    throw new NotPublished(`${url} answers ${answer.statusCode}`)
  }
  throw new Error(`HTTP ${answer.statusCode}`)
}

async function beginAnew(wanted: Transfer, progress: Progress): Promise<void> {
  await progress.handle.truncate(0)
  wanted.onBytes(-progress.done)
  progress.hash = createHash(wanted.algorithm)
  progress.done = 0
}

/** Gives up on a server that says nothing for a while; a slow one may take as long as it needs. */
async function withinSilence(
  { signal }: Surroundings,
  work: (signal: AbortSignal, heard: () => void) => Promise<void>,
): Promise<void> {
  const silent = new AbortController()
  const timer = setTimeout(() => silent.abort(new Error(`silent for ${SILENCE_MS / 1000} s`)), SILENCE_MS)
  try {
    await work(AbortSignal.any([signal, silent.signal]), () => timer.refresh())
  } catch (error) {
    throw silent.signal.aborted ? silent.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

/** A small text, e.g. a list of checksums. @throws NotPublished on 404 and 410 */
export async function fetchText(url: string, { environment, signal }: Surroundings): Promise<string> {
  const answer = await openUrl(url, { environment, signal: AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]) })
  refuse(answer, url)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST_TEXT_BYTES) throw new Error(`${url} is longer than ${MOST_TEXT_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What went wrong, in the words of the network; Node hides it behind the aggregate of all addresses that it tried. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  return error.message || (error as NodeJS.ErrnoException).code || error.name
}
