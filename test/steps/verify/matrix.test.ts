import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checks } from '../../../steps/verify/index.ts'
import { deployed } from './deployed.ts'
import { type BrokenWorld, WORLDS } from './worlds.ts'

const PAGE = fileURLToPath(new URL('../../../docs/verify-table.md', import.meta.url))

type Result = Awaited<ReturnType<(typeof checks)[number]['run']>>

async function verify(world: Awaited<ReturnType<typeof deployed>>): Promise<ReadonlyMap<string, Result>> {
  const signal = new AbortController().signal
  const entries: (readonly [string, Result])[] = []
  for (const check of checks) {
    const result = await check.run({ ...world, signal }).catch((error: Error): Result => {
      return { result: 'fail', lookedAt: check.title, found: `could not look: ${error.message}` }
    })
    entries.push([check.id, result])
  }
  return new Map(entries)
}

const told = (results: ReadonlyMap<string, Result>, wanted: Result['result']): readonly string[] =>
  [...results].filter(([, { result }]) => result === wanted).map(([id]) => id)

async function judge({ config = {}, make }: BrokenWorld) {
  const world = await deployed(config)
  await make(world)
  return await verify(world)
}

describe('a world that is whole', () => {
  it('turns no check red, and leaves none out', async () => {
    const results = await verify(await deployed())
    expect([told(results, 'fail'), told(results, 'warn'), told(results, 'skip')]).toEqual([[], [], []])
  })
})

describe('a broken world turns exactly its checks red, and they name the cause', () => {
  it.each(WORLDS)('$name', async (broken) => {
    const results = await judge(broken)
    expect(told(results, 'fail')).toEqual(broken.red)
    expect(told(results, 'warn')).toEqual(broken.warned ?? [])
    const words = [...broken.red, ...(broken.warned ?? [])].map((id) => results.get(id)?.found ?? '')
    for (const one of words) expect(one).toMatch(broken.cause)
    expect(told(results, 'skip')).toEqual(broken.silent ?? [])
  })
})

describe('the table in the docs', () => {
  it('is what these worlds say', async () => {
    const page = tableOf()
    // As `LLMGW_WRITE_DOCS=1 npx vitest run --project unit test/steps/verify` writes it.
    if (process.env.LLMGW_WRITE_DOCS === '1') await writeFile(PAGE, page)
    expect(await readFile(PAGE, 'utf8')).toBe(page)
  })
})

function tableOf(): string {
  const listed = (ids: readonly string[] | undefined) => ids?.map((id) => `\`${id}\``).join(', ') || '–'
  const rows = WORLDS.map(
    ({ name, red, warned, silent }) => `| ${name} | ${listed(red)} | ${listed(warned)} | ${listed(silent)} |`,
  )
  return [
    '# Which check finds what',
    '',
    'The whole platform was broken in one way after the other, and all checks were run each time (probes included): exactly',
    'these turned red, and named the cause. Cluster, account and programs are the fakes of the tests here, which answer as the',
    'real ones were seen to; `test/e2e/real-gateway.test.ts` does some of it to the real LiteLLM, Redis and Open WebUI of a sandbox. Written by',
    '`test/steps/verify/matrix.test.ts`, which fails when it is not so.',
    '',
    '| broken | red | warned | skipped, with why |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
