import { DefaultRenderer } from 'listr2'
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/** A terminal, as far as drawing in place needs to know it. */
export type Screen = NodeJS.WritableStream & { readonly columns?: number | undefined }

const COLUMNS = 80
const INDENTATION = 2
const ERASE_LINE_AND_GO_UP = '\u001b[2K\u001b[1A'

/** listr2's renderer on `screen`: its own one takes the width of standard output, which may be a file or another terminal. */
export function rendererOn(screen: Screen): typeof DefaultRenderer {
  const columns = (): number => screen.columns ?? COLUMNS
  // A class, because listr2 takes nothing else.
  return class extends DefaultRenderer {
    #drawn = ''
    #width = columns()

    override create(options?: Parameters<DefaultRenderer['create']>[0]): string {
      this.#drawn = super
        .create(options)
        .split('\n')
        .map((line) => cut(line, columns()))
        .join('\n')
      return this.#drawn
    }

    override update(): void {
      const width = columns()
      if (width < this.#width) screen.write(ERASE_LINE_AND_GO_UP.repeat(reflowed(this.#drawn, width)))
      this.#width = width
      super.update()
    }

    protected override format(message: string, icon: string, level: number): string[] {
      const line = message.replace(/\s*\n\s*/g, ' ').trim()
      if (line === '') return []
      return [`${' '.repeat(level * INDENTATION)}${icon === '' ? '' : `${icon} `}${line}`]
    }
  }
}

/** `line` on at most `columns`, its colours closed. */
function cut(line: string, columns: number): string {
  if (stringWidth(line) <= columns) return line
  const [kept = ''] = wrapAnsi(line, Math.max(1, columns - 1), { hard: true, wordWrap: false, trim: false }).split('\n')
  return `${kept}…`
}

/** Lines that a terminal of `width` columns makes of those that were drawn, beyond their own number. */
function reflowed(text: string, width: number): number {
  return text.split('\n').reduce((sum, line) => sum + Math.max(0, Math.ceil(stringWidth(line) / width) - 1), 0)
}
