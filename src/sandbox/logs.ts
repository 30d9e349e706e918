import { watch } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UsageError } from '../errors.ts'
import { clusterDir } from './control-plane/components.ts'
import { placeOf, type SandboxOptions } from './world.ts'

export interface LogOptions extends SandboxOptions {
  /** A part (`control-plane`, `aws`), one of its processes (`kube-apiserver`), or undefined for all. */
  readonly part?: string | undefined
  readonly follow?: boolean
  /** Last lines of each log. */
  readonly tail?: number
}

export type LogSink = (source: string, line: string) => void

const TAIL = 100
/** Enough for the last lines of any of our logs. */
const TAIL_BYTES = 256 * 1024

interface LogFile {
  readonly source: string
  readonly part: string
  readonly file: string
}

/** Gives the last lines of the logs, and with `follow` what is written after, until `signal` aborts. @throws UsageError on an unknown part */
export async function logs(options: LogOptions, sink: LogSink, signal: AbortSignal): Promise<void> {
  const files = await logFiles(placeOf(options).dir)
  const wanted = files.filter(({ source, part }) => [undefined, source, part].includes(options.part))
  if (wanted.length === 0) {
    const names = [...new Set(files.flatMap(({ part, source }) => [part, source]))]
    throw new UsageError('SandboxLogUnknown', `the sandbox has no log ${options.part ?? 'yet'}`, {
      hint: names.length > 0 ? `use one of ${names.join(', ')}` : 'llmgw sandbox up',
    })
  }
  const ends = await Promise.all(
    wanted.map(({ source, file }) => tail(file, options.tail ?? TAIL, (line) => sink(source, line))),
  )
  if (!options.follow) return
  await Promise.all(wanted.map((log, index) => follow(log, { from: ends[index] ?? 0, sink, signal })))
}

async function logFiles(dir: string): Promise<readonly LogFile[]> {
  const list = async (folder: string) =>
    (await readdir(folder).catch(() => [])).map((file) => join(folder, file)).sort()
  const ofControlPlane = [join(dir, 'kwokctl.log'), ...(await list(join(clusterDir({ dir }), 'logs')))]
  const own = await list(join(dir, 'logs'))
  const named = [
    ...ofControlPlane.map((file) => ({ file, source: basename(file, '.log'), part: 'control-plane' })),
    ...own.map((file) => ({ file, source: basename(file, '.log'), part: basename(file, '.log') })),
  ]
  const exist = await Promise.all(
    named.map(({ file }) =>
      stat(file).then(
        () => true,
        () => false,
      ),
    ),
  )
  return named.filter((_, index) => exist[index])
}

/** Gives the last lines; returns where the file ended. */
async function tail(file: string, lines: number, sink: (line: string) => void): Promise<number> {
  const { size } = await stat(file)
  const start = Math.max(0, size - TAIL_BYTES)
  const all = (await readRange(file, start, size)).split('\n')
  if (all.at(-1) === '') all.pop()
  // The first of a cut file is a part of a line.
  for (const line of all.slice(start > 0 ? 1 : 0).slice(-lines)) sink(line)
  return size
}

async function readRange(file: string, start: number, end: number): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.alloc(Math.max(0, end - start))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

interface Following {
  readonly from: number
  readonly sink: LogSink
  readonly signal: AbortSignal
}

async function follow({ file, source }: LogFile, { from, sink, signal }: Following): Promise<void> {
  let position = from
  let rest = ''
  const advance = async (): Promise<void> => {
    const { size } = await stat(file)
    if (size <= position) return
    const text = rest + (await readRange(file, position, size))
    position = size
    const lines = text.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) sink(source, line)
  }
  const watcher = watch(file)
  let reading = Promise.resolve()
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    // The file goes away with the sandbox.
    watcher.on('error', () => resolve())
    watcher.on('change', (event) => {
      reading = reading.then(advance).catch(() => resolve())
      if (event === 'rename') resolve()
    })
  })
  if (!signal.aborted) await ended
  watcher.close()
  await reading
}
