import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { inspectArchive } from '../../src/adapters/charts/inspect.ts'
import { parseChartLock } from '../../src/adapters/charts/lock.ts'
import { parseEnvFile } from '../../src/cli/env-file.ts'
import { LlmgwError } from '../../src/errors.ts'
import { FILE, runCli } from '../cli/run-cli.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FUZZ } from './settings.ts'
import { text } from './text.ts'

/** A command costs some ten milliseconds. */
const COMMANDS = { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 4) }
const ACTS = /[^\P{Cc}\n\t]/u

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-fuzz-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Nothing was done, and what is wrong was said in words: no crash (70), nothing for the terminal to act on. */
function expectTold({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): void {
  const output = `${stdout}${stderr}`
  expect([0, 1, 2, 3, 4], output).toContain(code)
  if (code !== 0) expect(output.trim()).not.toBe('')
  expect(output).not.toMatch(ACTS)
  expect(output).not.toContain('    at ')
}

const key = fc.oneof(
  fc.constantFrom(
    'apiVersion',
    'aws',
    'region',
    'cluster',
    'name',
    'components',
    'values',
    'charts',
    'mirror',
    'kind',
    'path',
  ),
  fc.constantFrom(
    'gateway',
    'replicas',
    'models',
    'secrets',
    'items',
    'namespaces',
    'networkPolicies',
    'policies',
    '__proto__',
    'constructor',
  ),
  text(10),
)
const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text(),
    fc.constantFrom('llmgw/v1', 'platform', 'lean', 'none', 'directory', null, true, -1, 1e99),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
})).value

describe('llmgw.yaml', () => {
  it('of any bytes is read, or told what is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(text(300), async (file) => {
        expectTold(await runCli('config', { file }))
      }),
      COMMANDS,
    )
  })

  it('of any values is taken, or told which are wrong', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, tree, { maxKeys: 5 }), async (values) => {
        expectTold(
          await runCli('config', { file: `${FILE}${Object.keys(values).length > 0 ? stringify(values) : ''}` }),
        )
      }),
      COMMANDS,
    )
  })

  it.each([
    ['cyclic', `${FILE}components: &a { redis: { values: *a } }\n`],
    [
      'multiplied',
      `${FILE}components:\n  redis:\n    values:\n      a: &a [${'1,'.repeat(50)}]\n      b: &b [${'*a,'.repeat(50)}]\n      c: [${'*b,'.repeat(50)}]\n`,
    ],
    ['nested ten thousand deep', `${FILE}components: ${'{a: '.repeat(10_000)}1${'}'.repeat(10_000)}\n`],
    ['full of prototypes', `${FILE}__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }\n`],
  ])('that is %s is refused in words', async (_what, file) => {
    const result = await runCli('validate', { file })
    expectTold(result)
    expect(result.code).toBe(2)
    expect(({} as { polluted?: true }).polluted).toBeUndefined()
  })
})

it('any values file of a chart is merged, or told what is wrong with it', async () => {
  const file = join(dir, 'values.yaml')
  const config = `${FILE}components: { redis: { valuesFile: ${file} } }\n`
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        text(200),
        tree.map((value) => stringify(value)),
      ),
      async (values) => {
        await writeFile(file, values)
        expectTold(await runCli('config', { file: config }))
      },
    ),
    COMMANDS,
  )
})

it('any arguments are taken, or told which are wrong; nothing is deployed by chance', async () => {
  const word = fc.oneof(
    fc.constantFrom(
      'plan',
      'status',
      'config',
      'validate',
      'explain',
      'components',
      'access',
      'charts',
      'policy',
      'secrets',
      'lock',
    ),
    fc.constantFrom(
      '--output',
      'json',
      '--only',
      '--skip',
      '--exit-code',
      '--timeout',
      '--config',
      '--junit',
      '-x',
      '--',
      '--no-color',
    ),
    text(12).map((one) => one.replaceAll(' ', '')),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 5 }), async (words) => {
      const world = fakeWorld()
      const before = world.kube.writes.length
      expectTold(await runCli(words.join(' '), { world }))
      expect(world.kube.writes).toHaveLength(before)
    }),
    COMMANDS,
  )
})

it('any environment is taken, or told what is wrong with it', async () => {
  const name = fc.constantFrom(
    'AWS_REGION',
    'AWS_ACCOUNT_ID',
    'EKS_CLUSTER_NAME',
    'OIDC_PROVIDER',
    'INTERACTIVE_MODE',
    'SKIP_ALL',
    'LLMGW_PRESET',
    'AWS_ENDPOINT_URL',
    'TERM',
    'HOME',
  )
  // A variable cannot hold NUL.
  const value = text().map((one) => one.replaceAll('\0', ''))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 4 }), async (env) => {
      expectTold(await runCli('config --origin', { env, file: undefined }))
    }),
    COMMANDS,
  )
})

it('any secrets file is read as data, or told the line without a value of it', () => {
  fc.assert(
    fc.property(text(200), (content) => {
      try {
        for (const { name } of parseEnvFile(content, 'file')) expect(name).toMatch(/^[A-Za-z][\w-]*$/)
      } catch (error) {
        expect(error).toMatchObject({ code: 'SecretsFileLine', message: expect.stringMatching(/^file:\d+ /) })
        expect(error).toBeInstanceOf(LlmgwError)
      }
    }),
    FUZZ,
  )
})

it('any lock file of charts is read, or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        text(200),
        tree.map((value) => stringify({ charts: value })),
      ),
      (content) => {
        try {
          parseChartLock(content)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ChartLockInvalid' })
        }
      },
    ),
    FUZZ,
  )
})

describe('a chart archive', () => {
  const archive = async (entries: Readonly<Record<string, string | Buffer>>): Promise<Buffer> => {
    const tar = pack()
    const chunks: Buffer[] = []
    const mtime = new Date(0)
    for (const [name, content] of Object.entries(entries)) tar.entry({ name, mtime }, content)
    tar.finalize()
    for await (const chunk of tar) chunks.push(chunk as Buffer)
    return gzipSync(Buffer.concat(chunks))
  }
  const inspected = async (content: Buffer) => {
    const file = join(dir, 'chart.tgz')
    await writeFile(file, content)
    return await inspectArchive(file)
  }
  const CHART = 'apiVersion: v2\nname: redis-ha\nversion: 1.0.0\n'

  it('of any bytes is refused, also when some are changed in a whole one', async () => {
    const whole = await archive({ 'redis-ha/Chart.yaml': CHART })
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (bytes, at, by) => {
          await expect(inspected(Buffer.from(bytes))).rejects.toThrow()
          const changed = Buffer.from(whole)
          changed[at] = ((changed[at] ?? 0) + by) % 256
          // Some bytes of gzip say nothing, and some that say something else mean the same, e.g. which zeros are repeated.
          await inspected(changed).then(
            () => expect(gunzipSync(changed)).toEqual(gunzipSync(whole)),
            (error: unknown) => expect(error).toBeInstanceOf(Error),
          )
        },
      ),
      COMMANDS,
    )
  })

  it.each([
    ['leads out of its folder', { '../../owned/Chart.yaml': CHART, '/etc/owned': 'x' }],
    ['has a Chart.yaml that refers to itself', { 'redis-ha/Chart.yaml': 'name: &a { b: *a }\nversion: *a\n' }],
    [
      'has a Chart.yaml that multiplies',
      {
        'redis-ha/Chart.yaml': `${CHART}x: &x [${'a,'.repeat(99)}]\ny: &y [${'*x,'.repeat(99)}]\nz: [${'*y,'.repeat(99)}]\n`,
      },
    ],
    ['has no Chart.yaml', { 'redis-ha/values.yaml': 'a: 1\n' }],
    ['has an empty Chart.yaml', { 'redis-ha/Chart.yaml': '' }],
  ])('that %s is refused', async (_what, entries) => {
    await expect(inspected(await archive(entries))).rejects.toThrow()
  })

  it('that unpacks to more than any chart has is refused before it fills the memory', async () => {
    // Members of gzip that follow each other are one stream: 300 MiB for the work of four.
    const member = gzipSync(Buffer.alloc(4 * 2 ** 20))
    const bomb = Buffer.concat(Array.from({ length: 75 }, () => member))
    await expect(inspected(bomb)).rejects.toThrow(/larger than/i)
  })

  it('that is whole is taken', async () => {
    expect(await inspected(await archive({ 'redis-ha/Chart.yaml': CHART }))).toMatchObject({
      name: 'redis-ha',
      version: '1.0.0',
    })
  })
})
