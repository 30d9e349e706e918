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
