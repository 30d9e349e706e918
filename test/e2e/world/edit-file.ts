import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'

/** Changes a YAML file in place. */
export async function editFile(path: string, edit: (document: unknown) => void | Promise<void>): Promise<void> {
  const document = parse(await readFile(path, 'utf8')) as unknown
  await edit(document)
  await writeFile(path, stringify(document))
}
