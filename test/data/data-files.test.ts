import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'

const ROOT = new URL('../../', import.meta.url)
const FOLDERS = ['helm-values', 'manifests', 'iam']
const NAMED = /['"`]((?:helm-values|manifests|iam)\/[\w./-]+)['"`]/g

const files = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, ROOT), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.pathname.length))
const text = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

const sources = files('steps').filter((path) => path.endsWith('.ts'))
const referenced = new Set(sources.flatMap((path) => [...text(path).matchAll(NAMED)].map(([, name]) => name ?? '')))
const data = FOLDERS.flatMap(files).filter(
  (path) => !path.endsWith('charts.lock.yaml') && !path.startsWith('helm-values/chart-facts/'),
)

describe('data files', () => {
  it('are there', () => {
    expect(data.length).toBeGreaterThan(5)
    expect(referenced.size).toBeGreaterThan(5)
  })

  // Python is run by the test of what it does.
  it.each(data.filter((path) => !path.endsWith('.py')))('%s parses, and holds something', (path) => {
    const documents = path.endsWith('.json') ? [JSON.parse(text(path))] : parsedYaml(path)
    expect(documents.length).toBeGreaterThan(0)
    for (const document of documents) expect(typeof document === 'object' && document !== null).toBe(true)
  })

  it.each(data)('%s is named by a step', (path) => {
    expect(referenced).toContain(path)
  })

  it.each([...referenced])('%s, which a step names, is there', (path) => {
    expect(data).toContain(path)
  })

  it.each(data.filter((path) => path.startsWith('manifests/') && path.endsWith('.yaml')))(
    '%s holds Kubernetes objects',
    (path) => {
      for (const document of parsedYaml(path)) {
        expect(document).toMatchObject({
          apiVersion: expect.any(String),
          kind: expect.any(String),
          metadata: { name: expect.any(String) },
        })
      }
    },
  )

  it('name the registry of every image', () => {
    const images = data
      .filter((path) => path.startsWith('helm-values/'))
      .flatMap((path) => parsedYaml(path).flatMap(repositories))
    expect(images.length).toBeGreaterThan(4)
    for (const image of images) expect(image).toMatch(/^[\w-]+(\.[\w-]+)+\/[\w./-]+$/)
  })
})

/** What `key` says anywhere in the values. */
function textsAt(values: unknown, key: string): readonly string[] {
  if (typeof values !== 'object' || values === null) return []
  return Object.entries(values).flatMap(([name, value]) =>
    name === key && (typeof value === 'string' || typeof value === 'number') ? [String(value)] : textsAt(value, key),
  )
}

describe('labels of the version', () => {
  const lock = Object.values(parsedYaml('helm-values/charts.lock.yaml')[0] as Record<string, unknown>).flatMap((pin) =>
    textsAt(pin, 'version'),
  )
  const labelled = data
    .filter((path) => path.startsWith('helm-values/'))
    .map((path) => ({ path, values: parsedYaml(path) }))
    .filter(({ values }) => values.some((one) => textsAt(one, 'app.kubernetes.io/version').length > 0))

  it('are there', () => expect(labelled.length).toBeGreaterThan(3))

  it.each(labelled)('say the version of an image, or of the chart (defect 74): $path', ({ values }) => {
    const versions = values.flatMap((one) => textsAt(one, 'app.kubernetes.io/version'))
    const tags = [...values.flatMap((one) => textsAt(one, 'tag')), ...lock]
    for (const version of versions) expect(tags.map((tag) => tag.split('-')[0])).toContain(version)
  })
})

describe('a broken data file', () => {
  it('is noticed', () => {
    expect(() => throwOnError(parseAllDocuments('a: [1'), 'x.yaml')).toThrow('x.yaml')
  })
})

function parsedYaml(path: string): readonly unknown[] {
  return throwOnError(parseAllDocuments(text(path), { uniqueKeys: true }), path)
}

function throwOnError(documents: ReturnType<typeof parseAllDocuments>, path: string): readonly unknown[] {
  return [...documents].map((document) => {
    const [error] = document.errors
    if (error) throw new Error(`${path}: ${error.message}`)
    return document.toJS()
  })
}

/** `image: NAME` and `image: {registry: HOST, repository: NAME}` anywhere in the values; the host may stand in the name. */
function repositories(values: unknown): readonly string[] {
  if (typeof values !== 'object' || values === null) return []
  return Object.entries(values).flatMap(([key, value]) => {
    if (key !== 'image') return repositories(value)
    if (typeof value === 'string') return [value]
    const { registry, repository } = value as { registry?: string; repository?: string }
    return [registry === undefined ? String(repository) : `${registry}/${repository}`]
  })
}
