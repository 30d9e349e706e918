import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildGraph } from '../../src/engine/graph.ts'
import type { LlmgwStep } from '../../src/ports/index.ts'
import { steps } from '../../steps/index.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { converge } from '../steps/run.ts'
import { FILE, runCli } from './run-cli.ts'

const MADE = /sk-made-up-by-litellm-\d+/

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-keys-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  for (const step of buildGraph(steps).order) await converge(step as LlmgwStep<unknown>, world)
  return world
}

const aliases = ({ litellm }: FakeWorld) => [...litellm.keys.values()].map(({ key_alias }) => key_alias).sort()

describe('llmgw keys create', () => {
  it('shows the value once, in a terminal; a list never does', async () => {
    const world = await deployed()
    const made = await runCli('keys create team-a --models nova-lite --budget 25 --budget-period 30d --rpm 60', {
      world,
      keys: [],
    })
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(MADE)])
    expect(made.stdout).toContain('key team-a: nova-lite, $25 every 30d. It is not shown again.')
    const kept = [...world.litellm.keys.values()].find(({ key_alias }) => key_alias === 'team-a')
    expect(kept).toMatchObject({
      models: ['nova-lite'],
      key_type: 'llm_api',
      max_budget: 25,
      budget_duration: '30d',
      rpm_limit: 60,
    })
    const { stdout } = await runCli('keys list', { world })
    expect(stdout).toContain('team-a  active\n  nova-lite; spent $0.0000 of $25 every 30d; 60 requests a minute')
    expect(stdout).not.toMatch(MADE)
  })

  it('writes it into a new file that nobody else may read, and tells it nowhere', async () => {
    const world = await deployed()
    const file = join(folder, 'key')
    const { code, stdout, stderr } = await runCli(`keys create ci --output-file ${file} --output json`, { world })
    expect([code, (await stat(file)).mode & 0o777, await readFile(file, 'utf8')]).toEqual([
      0,
      0o600,
      expect.stringMatching(MADE),
    ])
    expect(stdout + stderr).not.toMatch(MADE)
    expect(JSON.parse(stdout)).toMatchObject({
      key: { alias: 'ci', models: ['claude-haiku', 'claude-sonnet', 'nova-lite'] },
    })
  })

  it.each([
    ['keys create team-a', 'name a file for it: --output-file FILE'],
    ['keys create team-a --models nova-light --output-file FOLDER/key', 'did you mean nova-lite?'],
    ['keys create open-webui --output-file FOLDER/key', 'llmgw secrets rotate openwebui-litellm-key'],
    ['keys create team-a --output-file FOLDER/none/key', 'no file for the key could be made'],
  ])('%s makes no key: %s', async (words, told) => {
    const world = await deployed()
    const { code, stderr } = await runCli(words.replace('FOLDER', folder), { world })
    expect([code, stderr, aliases(world)]).toEqual([2, expect.stringContaining(told), ['open-webui']])
  })

  it('leaves no empty file where no key could be made, and never touches one that was there', async () => {
    const world = await deployed()
    const [file, theirs] = [join(folder, 'key-not-made'), join(folder, 'theirs')]
    await writeFile(theirs, 'mine')
    world.litellm.faults.readOnly = true
    const refused = await runCli(`keys create ci --output-file ${file}`, { world })
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('LiteLLM answered 500')])
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await runCli(`keys create ci --output-file ${theirs}`, { world })).code).toBe(2)
    expect(await readFile(theirs, 'utf8')).toBe('mine')
  })

  it('makes no second key of one name', async () => {
    const world = await deployed()
    await runCli(`keys create ci --output-file ${join(folder, 'one')}`, { world })
    const again = await runCli(`keys create ci --output-file ${join(folder, 'two')}`, { world })
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('there is a key ci already')])
  })
})

describe('llmgw keys revoke', () => {
  it('takes away that key alone, when it was agreed on', async () => {
    const world = await deployed()
    await runCli(`keys create ci --output-file ${join(folder, 'one')}`, { world })
    const unasked = await runCli('keys revoke ci', { world })
    expect([unasked.code, aliases(world)]).toEqual([2, ['ci', 'open-webui']])
    expect(await runCli('keys revoke ci --yes', { world })).toMatchObject({ code: 0, stdout: 'key ci is revoked\n' })
    expect(aliases(world)).toEqual(['open-webui'])
  })

  it('knows no other key, and leaves the platform its own', async () => {
    const world = await deployed()
    const unknown = await runCli('keys revoke nobody --yes', { world })
    const own = await runCli('keys revoke open-webui --yes', { world })
    expect([unknown.code, own.code]).toEqual([2, 2])
    expect(unknown.stderr + own.stderr).toMatch(
      /there is no key nobody[\s\S]*open-webui is the key of the chat interface/,
    )
    expect(aliases(world)).toEqual(['open-webui'])
  })
})

it('keys need a database', async () => {
  const file = `${FILE}database: { kind: none }\n`
  const { code, stderr } = await runCli('keys list', { world: fakeWorld(), file })
  expect([code, stderr]).toEqual([2, expect.stringContaining('LiteLLM keeps keys in its database alone')])
})
