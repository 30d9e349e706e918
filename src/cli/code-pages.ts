import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from './assets.ts'

/** One page of `docs/codes`. */
export interface CodePage {
  readonly code: string
  /** What it means, one sentence. */
  readonly meaning: string
  readonly text: string
}

const folder = (): string => join(packageRoot(), 'docs', 'codes')

/** Codes that have a page, sorted. */
export async function knownCodes(): Promise<readonly string[]> {
  const files = await readdir(folder())
  return files.flatMap((file) => (file.endsWith('.md') ? [file.slice(0, -3)] : [])).sort()
}

/** The page of a code that has one. */
export async function codePage(code: string): Promise<CodePage> {
  const text = await readFile(join(folder(), `${code}.md`), 'utf8')
  const meaning = /^(.+?)\.(?: |$)/.exec(text.split('\n')[2] ?? '')?.[1] ?? ''
  return { code, meaning, text }
}
