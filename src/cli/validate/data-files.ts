import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LineCounter, parseAllDocuments } from 'yaml'
import { isTree } from '../../config/merge.ts'
import type { Finding } from './finding.ts'

const FOLDERS = ['helm-values', 'manifests', 'iam']

/** The shipped data files and what does not parse in them; manifests must hold Kubernetes objects, but for dashboards (JSON). */
export async function checkDataFiles(
  root: string,
): Promise<{ readonly files: readonly string[]; readonly findings: readonly Finding[] }> {
  const files = (await Promise.all(FOLDERS.map((folder) => filesBelow(root, folder)))).flat().sort()
  const findings = await Promise.all(files.map(async (file) => check(file, await readFile(join(root, file), 'utf8'))))
  return { files, findings: findings.flat() }
}

async function filesBelow(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  const below = entries.map((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesBelow(root, path) : [path]
  })
  return (await Promise.all(below)).flat()
}

function check(file: string, text: string): readonly Finding[] {
  const lines = new LineCounter()
  const finding = (offset: number, message: string): Finding => {
    const { line, col } = lines.linePos(offset)
    const fix = 'restore the file from the release of llmgw that you use'
    return { severity: 'error', code: 'DataFileInvalid', file, line, column: col, message, fix }
  }
  // A module that LiteLLM loads: there is nobody here to read Python.
  if (file.endsWith('.py')) return text.trim() === '' ? [finding(0, 'is empty')] : []
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if ('empty' in documents) return [finding(0, 'is empty')]
  return documents.flatMap((document) => {
    const [fault] = document.errors
    if (fault) return [finding(fault.pos[0], fault.message)]
    const start = document.contents?.range?.[0] ?? 0
    if (!isTree(document.toJS())) return [finding(start, 'holds no mapping')]
    return file.startsWith('manifests/') && !file.endsWith('.json') && !isObject(document.toJS())
      ? [finding(start, 'is no Kubernetes object: expected apiVersion, kind and metadata.name')]
      : []
  })
}

function isObject(value: unknown): boolean {
  if (!isTree(value) || !isTree(value.metadata)) return false
  return [value.apiVersion, value.kind, value.metadata.name].every((part) => typeof part === 'string')
}
