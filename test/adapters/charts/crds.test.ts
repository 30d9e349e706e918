import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { crdFiles } from '../../../src/adapters/charts/crds.ts'
import { packChart } from './chart-server.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-crds-test-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

/** What Helm would install, and what only looks like it. */
const FILES = {
  'crds/b.yaml': 'kind: B\n',
  'crds/readme.md': 'no manifest\n',
  'charts/sub/crds/a.yaml': 'kind: A\n',
  'charts/sub/charts/deeper/crds/c.yml': 'kind: C\n',
  'templates/crds/not.yaml': 'kind: Template\n',
  'files/crds/not.yaml': 'kind: File\n',
}
const EXPECTED = ['kind: C\n', 'kind: A\n', 'kind: B\n']

test('the CRDs of an archive are those of its crds folders, and of its subcharts', async () => {
  const file = await packChart(dir, { name: 'stack', version: '1.0.0', files: FILES })
  expect(await crdFiles(file)).toEqual(EXPECTED)
})

test('an unpacked chart has the same', async () => {
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), text)
  }
  expect(await crdFiles(dir)).toEqual(EXPECTED)
})

test('a chart without such a folder has none', async () => {
  expect(await crdFiles(await packChart(dir, { name: 'plain', version: '1.0.0' }))).toEqual([])
})
