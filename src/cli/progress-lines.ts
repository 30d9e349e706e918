import type { Output } from './host.ts'

/** Counts that only the newest of is of interest, e.g. `building helm 120/800 packages`. */
const COUNT = /\d+\/\d+|: \d+ \(/
/** Without a terminal every count would stay; this many are left out between two. */
const SHOW_EACH = 25

export interface ProgressLines {
  readonly line: (text: string) => void
  /** Leaves the cursor at the start of a line. */
  readonly end: () => void
}

/** Progress of a long start: counts overwrite each other in a terminal, and are thinned out in a log. */
export function progressLines(output: Output): ProgressLines {
  let counting = false
  let counts = 0
  const end = (): void => {
    if (counting && output.isTTY) output.write('\n')
    counting = false
  }
  return {
    end,
    line(text) {
      if (!COUNT.test(text)) {
        end()
        output.write(`${text}\n`)
        return
      }
      counts += 1
      if (output.isTTY) output.write(`\r\u001b[K${text.slice(0, (output.columns ?? 80) - 1)}`)
      else if (counts % SHOW_EACH === 1) output.write(`${text}\n`)
      counting = true
    },
  }
}
