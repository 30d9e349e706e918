import { readFile, stat } from 'node:fs/promises'
import { filesBelow, textsOf } from './inspect.ts'

/** `crds/x.yaml` of the chart itself or of a subchart, however deep. */
const IN_CRDS = /^(?:charts\/[^/]+\/)*crds\/.+\.ya?ml$/

/** Texts of the files in the `crds` folders of a chart and its unpacked subcharts, by path. Source: Helm documentation, "CRDs". */
export async function crdFiles(chart: string): Promise<readonly string[]> {
  const found = (await stat(chart)).isDirectory() ? await inFolder(chart) : await inArchive(chart)
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
}

async function inFolder(folder: string): Promise<ReadonlyMap<string, string>> {
  const paths = (await filesBelow(folder)).filter((path) => IN_CRDS.test(path))
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(`${folder}/${path}`, 'utf8')] as const)),
  )
}

async function inArchive(file: string): Promise<ReadonlyMap<string, string>> {
  // Every path in an archive starts with the chart's name.
  const below = (path: string) => path.replace(/^(\.\/)?[^/]+\//, '')
  const texts = await textsOf(await readFile(file), (path) => IN_CRDS.test(below(path)))
  return new Map([...texts].map(([path, text]) => [below(path), text]))
}
