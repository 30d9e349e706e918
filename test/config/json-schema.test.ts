import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { allPaths, fileSchema, keysAt } from '../../src/config/json-schema.ts'
import { fileWith, loadIn } from './in-folder.ts'

it('the published schema is up to date: npm run schema', async () => {
  const published: unknown = JSON.parse(
    await readFile(new URL('../../docs/llmgw.schema.json', import.meta.url), 'utf8'),
  )
  expect(published).toEqual(fileSchema())
})

it('asks for nothing that a preset fills in', () => {
  const schema = fileSchema()
  expect(schema.required).toEqual(['apiVersion'])
  expect(JSON.stringify(schema)).not.toMatch(/"required":\[[^\]]*"namespaces"/)
})

it('still asks for what an entry of a list must have', () => {
  expect(JSON.stringify(fileSchema())).toContain('"required":["name","provider","model"]')
})

it('knows the keys of a place, also within variants, lists and named entries', () => {
  const schema = fileSchema()
  expect(keysAt(schema, ['cache'])).toEqual(expect.arrayContaining(['kind', 'replicas']))
  expect(keysAt(schema, ['models', 0])).toContain('apiKeySecret')
  expect(keysAt(schema, ['secrets', 'items', 'any'])).toContain('remote')
  expect(allPaths(schema)).toContain('charts.mirror.plainHttp')
})

it('a file that the loader takes fits the schema', async () => {
  const { config } = await loadIn(fileWith())
  const top = keysAt(fileSchema(), [])
  expect(Object.keys(config).filter((key) => !top.includes(key))).toEqual([])
})
