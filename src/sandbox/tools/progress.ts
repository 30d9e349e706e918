/** What a line of `go build -v` or `go list` on stderr says. */
export type GoLine =
  | { readonly kind: 'download'; readonly module: string; readonly version: string }
  | { readonly kind: 'package'; readonly path: string }
  | { readonly kind: 'other'; readonly text: string }

/** Source: cmd/go prints `go: downloading M V` and, with -v, the import path of each package that it compiles. */
export function parseGoLine(line: string): GoLine {
  const download = /^go: downloading (\S+) (\S+)$/.exec(line)
  if (download?.[1] && download[2]) return { kind: 'download', module: download[1], version: download[2] }
  if (/^[\w.~-]+(\/[\w.~+-]+)*$/.test(line)) return { kind: 'package', path: line }
  return { kind: 'other', text: line }
}

/** Counts compiled packages and says so at most once a percent, so that a plain log stays short. */
export function packageCounter(what: string, total: number, report: (line: string) => void): (line: string) => void {
  let done = 0
  let said = -1
  return (line) => {
    if (parseGoLine(line).kind !== 'package') return
    done = Math.min(done + 1, total)
    const percent = Math.floor((done * 100) / Math.max(total, 1))
    if (percent === said) return
    said = percent
    report(`building ${what} ${done}/${total} packages`)
  }
}

/** Counts downloaded modules of a cold module cache. */
export function downloadCounter(what: string, report: (line: string) => void): (line: string) => void {
  let done = 0
  return (line) => {
    const parsed = parseGoLine(line)
    if (parsed.kind !== 'download') return
    done += 1
    report(`downloading modules of ${what}: ${done} (${parsed.module} ${parsed.version})`)
  }
}

const MB = 1_000_000
/** Before that many seconds a speed says little. */
const SETTLED_S = 2

interface Bytes {
  readonly onSize: (bytes: number) => void
  readonly onBytes: (bytes: number) => void
}

/**
 * Adds up the bytes of files that are fetched side by side and says so about once a percent.
 * @returns called once a file
 */
export function byteProgress(
  files: number,
  report: (line: string) => void,
  seconds = (): number => performance.now() / 1000,
): () => Bytes {
  const begun = seconds()
  const sizes = new Map<symbol, number>()
  let done = 0
  let said = 0
  const say = (): void => {
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    if (total === 0 || done < said + total / 100) return
    said = done
    const counts = `${Math.round(done / MB)}/${Math.round(total / MB)} MB`
    report(`downloading ${files} tools: ${counts}${remaining(done, total, seconds() - begun)}`)
  }
  return () => {
    const file = Symbol('file')
    return {
      onSize: (bytes) => sizes.set(file, bytes),
      onBytes(bytes) {
        done += bytes
        say()
      },
    }
  }
}

function remaining(done: number, total: number, elapsedS: number): string {
  if (elapsedS < SETTLED_S || done <= 0) return ''
  const speed = done / elapsedS
  return `, ${(speed / MB).toFixed(1)} MB/s, about ${Math.ceil((total - done) / speed)} s left`
}
