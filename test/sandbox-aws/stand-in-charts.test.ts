import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeStandInCharts } from '../../src/sandbox/operators/stand-in-charts.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-charts-test-'))
  await mkdir(join(dir, 'tool', 'crds'), { recursive: true })
  await writeFile(join(dir, 'tool', 'crds', 'one.yaml'), 'kind: CustomResourceDefinition\nabout: "uses {{ .a }}"\n')
  await writeFile(join(dir, 'tool', 'crds', 'kustomization.yaml'), 'resources: [one.yaml]\n')
  await mkdir(join(dir, 'prometheus', 'crds'), { recursive: true })
  await writeFile(join(dir, 'prometheus', 'crds', 'two.yaml'), 'kind: CustomResourceDefinition\n')
  await mkdir(join(dir, 'gatekeeper', 'chart', 'templates'), { recursive: true })
  await writeFile(join(dir, 'gatekeeper', 'chart', 'Chart.yaml'), 'name: gatekeeper\n')
})
afterEach(async () => await rm(dir, { recursive: true, force: true }))

const tools = () => ({
  'external-secrets': join(dir, 'tool', 'external-secrets'),
  gatekeeper: join(dir, 'gatekeeper', 'gatekeeper'),
  'prometheus-operator': join(dir, 'prometheus', 'prometheus-operator'),
})
const world = () => ({ dir, tools: tools() })

async function contents(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const entries = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name)
    return [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const
  })
  return Object.fromEntries((await Promise.all(entries)).sort(([a], [b]) => a.localeCompare(b)))
}

test('adds the CRDs as templates that print themselves', async () => {
  const folder = await writeStandInCharts(world())
  const files = await contents(folder)
  expect(Object.keys(files)).toContain('redis-ha/Chart.yaml')
  expect(files['external-secrets/templates/crds/one.yaml']).toBe(
    '{{- if .Values.installCRDs }}\nkind: CustomResourceDefinition\nabout: "uses {{ "{{" }} .a {{ "}}" }}"\n\n{{- end }}\n',
  )
})

test("takes Gatekeeper's chart as it is, and only CRDs for CRDs", async () => {
  const files = await contents(await writeStandInCharts(world()))
  expect(files['gatekeeper/Chart.yaml']).toBe('name: gatekeeper\n')
  expect(files['kube-prometheus-stack/charts/crds/crds/two.yaml']).toBe('kind: CustomResourceDefinition\n')
  expect(Object.keys(files).filter((file) => file.includes('kustomization'))).toEqual([])
})

test('gives every CRD the annotations of the values', async () => {
  await writeFile(join(dir, 'tool', 'crds', 'one.yaml'), 'metadata:\n  annotations:\n    made-by: controller-gen\n')
  const files = await contents(await writeStandInCharts(world()))
  expect(files['external-secrets/templates/crds/one.yaml']).toMatch(
    /annotations:\n +\{\{- with \.Values\.crds\.annotations \}\}[\s\S]+made-by: controller-gen/,
  )
})

test('gives the same files each time, and leaves nothing of an older version', async () => {
  const folder = await writeStandInCharts(world())
  const first = await contents(folder)
  await writeFile(join(folder, 'left-over.yaml'), 'x')
  await writeFile(join(folder, '.made-from'), 'another version')
  await writeStandInCharts(world())
  expect(await contents(folder)).toEqual(first)
  expect((await readdir(dir)).filter((name) => name.startsWith('.charts-'))).toEqual([])
})

test('leaves charts alone that are made from the same', async () => {
  const folder = await writeStandInCharts(world())
  const { ino } = await stat(folder)
  await writeStandInCharts(world())
  expect((await stat(folder)).ino).toBe(ino)
})
