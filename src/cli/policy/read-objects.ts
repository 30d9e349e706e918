import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { isTree } from '../../config/merge.ts'
import { UsageError } from '../../errors.ts'
import type { KubeObject } from '../../ports/index.ts'

/** The objects in these files, those in a List each by itself. @throws UsageError ManifestUnreadable */
export async function readObjects(files: readonly string[]): Promise<readonly KubeObject[]> {
  const objects = (await Promise.all(files.map(objectsIn))).flat()
  if (objects.length > 0) return objects
  throw new UsageError('ManifestUnreadable', `no Kubernetes object in ${files.join(', ')}`, {
    hint: 'name files with manifests',
  })
}

async function objectsIn(file: string): Promise<readonly KubeObject[]> {
  const hint = 'name files with manifests, in YAML or JSON'
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError('ManifestUnreadable', `cannot read ${file}`, { cause, hint })
  })
  const documents = [...parseAllDocuments(text)].map((document) => {
    const [fault] = document.errors
    if (fault) throw new UsageError('ManifestUnreadable', `${file} is no YAML`, { cause: fault.message, hint })
    return document.toJS() as unknown
  })
  return documents.filter((document) => document !== null).flatMap((document) => unpacked(document, file))
}

function unpacked(document: unknown, file: string): readonly KubeObject[] {
  if (isTree(document) && document.kind === 'List' && Array.isArray(document.items))
    return document.items.flatMap((item) => unpacked(item, file))
  if (isObject(document)) return [document]
  throw new UsageError('ManifestUnreadable', `${file} holds something that is no Kubernetes object`, {
    hint: 'each document needs apiVersion, kind and metadata',
  })
}

const isObject = (document: unknown): document is KubeObject =>
  isTree(document) &&
  typeof document.apiVersion === 'string' &&
  typeof document.kind === 'string' &&
  isTree(document.metadata)
