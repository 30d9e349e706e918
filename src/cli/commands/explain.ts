import { closest } from '../../config/closest.ts'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'
import { type CodePage, codePage, knownCodes } from '../code-pages.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'

/**
 * `llmgw explain [code]`: the page of a code, or the list of them; asks nobody. @returns exit code
 * @throws UsageError for a code without a page, with the closest one
 */
export async function explain(
  word: string | undefined,
  { output }: Pick<GlobalFlags, 'output'>,
  host: Host,
): Promise<number> {
  const codes = await knownCodes()
  if (word === undefined) {
    const pages = await Promise.all(codes.map(codePage))
    host.stdout.write(output === 'text' ? listText(pages) : `${JSON.stringify(pages.map(listed))}\n`)
    return 0
  }
  const page = await codePage(resolve(word, codes))
  host.stdout.write(output === 'text' ? page.text : `${JSON.stringify(page)}\n`)
  return 0
}

const listed = ({ code, meaning }: CodePage) => ({ code, meaning })

function listText(pages: readonly CodePage[]): string {
  const width = Math.max(...pages.map(({ code }) => code.length))
  return pages.map(({ code, meaning }) => `${code.padEnd(width)}  ${meaning}\n`).join('')
}

function resolve(word: string, codes: readonly string[]): string {
  const code = codes.find((known) => known.toLowerCase() === word.toLowerCase())
  if (code !== undefined) return code
  const near = closest(word, codes)
  throw new UsageError(
    'UnknownCode',
    `there is no code "${showText(word)}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    { hint: near === undefined ? 'see them all with: llmgw explain' : `llmgw explain ${near}` },
  )
}
