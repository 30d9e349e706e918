import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { KubeObject } from '../../src/ports/index.ts'
import { childEnvironment } from '../../src/sandbox/environment.ts'
import { buildOperator } from '../../src/sandbox/operators/build.ts'
import { type PolicyTable, tables } from './cases.ts'

const manifests = fileURLToPath(new URL('../../manifests/policies/', import.meta.url))
let folder = ''
let gator = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-gator-'))
  const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'llmgw')
  const environment = childEnvironment(process.env)
  const context = { cacheDir, environment, report: () => undefined, signal: new AbortController().signal }
  gator = join(dirname((await buildOperator('gatekeeper', context)).binary), 'gator')
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

/** What the API server would ask about an update. */
function review(object: KubeObject, oldObject: KubeObject): object {
  const [group = '', version = ''] = object.apiVersion.includes('/')
    ? object.apiVersion.split('/')
    : ['', object.apiVersion]
  const { name, namespace } = object.metadata
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'test',
      kind: { group, version, kind: object.kind },
      operation: 'UPDATE',
      name,
      namespace,
      userInfo: { username: 'test' },
      object,
      oldObject,
    },
  }
}

/** The table as a suite of the real gator. */
async function writeSuite(table: PolicyTable, home: string): Promise<string> {
  await mkdir(home, { recursive: true })
  const base = parse(await readFile(join(manifests, table.policy, 'constraint.yaml'), 'utf8')) as KubeObject
  const { match } = base.spec as { match: object }
  const spec = { enforcementAction: 'deny', match, parameters: table.parameters }
  await writeFile(join(home, 'constraint.yaml'), stringify({ ...base, spec }))
  const cases = await Promise.all(
    table.cases.map(async ({ name, object, former, violations }, index) => {
      const file = `object-${index}.yaml`
      await writeFile(join(home, file), stringify(former === undefined ? object : review(object, former)))
      const each = violations.map(({ source }) => ({ violations: 1, message: source }))
      return { name: `${index} ${name}`, object: file, assertions: [{ violations: violations.length }, ...each] }
    }),
  )
  // gator takes paths as relative to the suite.
  await copyFile(join(manifests, table.policy, 'template.yaml'), join(home, 'template.yaml'))
  const suite = join(home, 'suite.yaml')
  const test = {
    name: table.title,
    template: 'template.yaml',
    constraint: 'constraint.yaml',
    cases,
  }
  const document = { apiVersion: 'test.gatekeeper.sh/v1alpha1', kind: 'Suite', metadata: { name: table.policy } }
  await writeFile(suite, stringify({ ...document, tests: [test] }))
  return suite
}

describe('the real gator agrees', () => {
  it.each(tables.map((table, index) => [`${table.policy}: ${table.title}`, table, index] as const))(
    '%s',
    async (_name, table, index) => {
      const suite = await writeSuite(table, join(folder, String(index)))
      const { all, exitCode } = await execa(gator, ['verify', '--verbose', suite], {
        all: true,
        reject: false,
        stdin: 'ignore',
      })
      expect(exitCode, all).toBe(0)
      // A suite that ran no case would pass as well.
      expect(all?.match(/--- PASS: \d+ /g)?.length, all).toBe(table.cases.length)
    },
  )
})
