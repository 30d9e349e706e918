import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PreflightError } from '../../src/errors.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-init-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

describe('llmgw config', () => {
  it('says of each value where it comes from', async () => {
    const { code, stdout } = await runCli('config --origin', { env: { LLMGW_CACHE: 'none' } })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^aws\.region +"us-east-1" +llmgw\.yaml:2:16$/m)
    expect(stdout).toMatch(/^cache\.kind +"none" +LLMGW_CACHE in the environment$/m)
    expect(stdout).toMatch(/^database\.kind +"external" +preset platform$/m)
  })

  it('is YAML that loads to the same', async () => {
    const first = await runCli('config')
    const second = await runCli('config', { file: first.stdout })
    expect(first.stdout).toContain('kind: redis-ha')
    expect(second.stdout).toBe(first.stdout)
  })

  it('is data on request, with each origin', async () => {
    const { stdout } = await runCli('config --origin --output json')
    expect(JSON.parse(stdout)).toMatchObject({
      config: { cluster: { name: 'test' } },
      origins: { 'cluster.name': { kind: 'file', line: 3 }, preset: { kind: 'preset', name: 'platform' } },
    })
  })

  it('never shows a password that stands in a URL', async () => {
    const file = `${FILE}charts: { mirror: { kind: http, url: "https://user:planted-password@charts.example.com" } }\n`
    for (const args of ['config', 'config --origin', 'config --output json --origin']) {
      const { stdout } = await runCli(args, { file })
      expect(stdout).toContain('https://***@charts.example.com')
      expect(stdout).not.toContain('planted-password')
    }
  })

  it('without a configuration is a usage error', async () => {
    const { code, stderr } = await runCli('config', { file: undefined })
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no llmgw.yaml')])
  })
})

describe('llmgw validate', () => {
  it('passes on a sound configuration, and says what it looked at', async () => {
    const { code, stdout } = await runCli('validate')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^valid, (\d+) warnings: looked at configuration, \d+ data files, IAM documents, LiteLLM configuration, \1 charts/m,
    )
    expect(stdout).toContain('chart redis-ha: digest not pinned')
  })

  it('lists every problem with its place and fix, and exits with 2', async () => {
    const file = `${FILE}cashe: 1\ndatabase: { kind: oracle }\ndeployment: UPPER\n`
    const { code, stdout } = await runCli('validate', { file })
    expect(code).toBe(2)
    expect(stdout).toContain(
      'llmgw.yaml:4:1: error: cashe: is not a known key; did you mean "cache"? (ConfigInvalid)\n  fix: write cache\n',
    )
    expect(stdout).toContain('llmgw.yaml:5:19: error: database.kind: ')
    expect(stdout).toContain('fix: set database.kind: external or none')
    expect(stdout).toContain('llmgw.yaml:6:13: error: deployment: ')
    expect(stdout).toMatch(/^3 findings: /m)
  })

  it('checks across values', async () => {
    const file = `${FILE}irsa: { gateway: { roleName: same }, externalSecrets: { roleName: same } }\n`
    const { code, stdout } = await runCli('validate --output json', { file })
    expect(code).toBe(2)
    expect(JSON.parse(stdout).findings).toEqual([
      expect.objectContaining({
        file: 'llmgw.yaml',
        line: 4,
        message: expect.stringContaining('also the role of the gateway'),
      }),
    ])
  })

  it('finds what a step cannot render', async () => {
    const file = `${FILE}models: [{ name: all, provider: bedrock, model: "arn:aws:bedrock:us-east-1::x.y" }]\n`
    expect((await runCli('validate', { file })).code).toBe(2)
    const many = Array.from(
      { length: 200 },
      (_, n) => `{ name: m${n}, provider: bedrock, model: amazon.nova-lite-v${n}:0 }`,
    )
    const { code, stdout } = await runCli('validate', { file: `${FILE}models: [${many.join(', ')}]\n` })
    expect(code).toBe(2)
    expect(stdout).toMatch(
      /^iam\/gateway\.policy\.json:1:1: error: has \d+ characters for this configuration, IAM takes 10240/m,
    )
  })

  it('looks into a mirror that is a directory', async () => {
    const mirror = join(folder, 'charts')
    await mkdir(join(mirror, 'redis-ha'), { recursive: true })
    await writeFile(join(mirror, 'redis-ha', 'Chart.yaml'), 'name: redis-ha\nversion: 1.0.0\n')
    const { code, stdout } = await runCli('validate', {
      file: `${FILE}charts: { mirror: { kind: directory, path: "${mirror}" } }\n`,
    })
    expect(code).toBe(2)
    expect(stdout).toMatch(/^llmgw\.yaml:4:\d+: error: chart external-secrets .* is not in the mirror/m)
    expect(stdout).toMatch(/holds chart redis-ha 1\.0\.0, expected redis-ha \d.*\(ChartMismatch\)$/m)
  })

  it('reports a contradicted pin, and warns of none', async () => {
    const other = await runCli('validate', { env: { AWS_REGION: 'eu-west-1' } })
    const none = await runCli('validate', { file: FILE.replace(', accountId: "123456789012"', '') })
    expect([other.code, none.code]).toEqual([2, 0])
    expect(other.stdout).toContain('(PinContradicted)')
    expect(none.stdout).toMatch(/^llmgw\.yaml:2:16: warning: aws\.accountId is not set/m)
  })
})

const init = (args: string, options: Parameters<typeof runCli>[1] = {}) => {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.yaml`)
  return { path, run: () => runCli(`init --file ${path} ${args}`, { world: fakeWorld(), ...options }) }
}

describe('llmgw init without a terminal', () => {
  it('writes a commented file that loads, pinned to the account of the credentials', async () => {
    const { path, run } = init('--region us-east-1 --cluster prod --deployment prod-gw --yes')
    const { code, stdout, stderr } = await run()
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/pinned to account 123456789012\nnext: llmgw validate/)
    const text = await readFile(path, 'utf8')
    expect(text).toMatch(/^# Configuration of llmgw/)
    const loaded = await runCli(`config --config ${path} --output json`)
    expect(JSON.parse(loaded.stdout).config).toMatchObject({
      preset: 'platform',
      deployment: 'prod-gw',
      aws: { region: 'us-east-1', accountId: '123456789012' },
      cluster: { name: 'prod' },
      models: [{ name: 'claude-sonnet' }, { name: 'claude-haiku' }, { name: 'nova-lite' }],
    })
  })

  it('says what could not be asked, and leaves it out', async () => {
    const world = fakeWorld()
    world.aws.failNext('sts.callerIdentity', new PreflightError('AwsNoCredentials', 'no AWS credentials found'))
    const { path, run } = init('--region eu-west-1 --cluster prod --preset lean --yes', { world })
    const { code, stdout, stderr } = await run()
    expect(code).toBe(0)
    expect(stderr).toBe('could not ask AWS for the account: no AWS credentials found\n')
    expect(stdout).toContain('not pinned to an account')
    expect(await readFile(path, 'utf8')).toMatch(/# accountId: "123456789012"\n[\s\S]*\nmodels: \[\]/)
    expect((await runCli(`config --config ${path}`)).code).toBe(0)
  })

  it('asks nobody when everything is given', async () => {
    const world = fakeWorld()
    const { run } = init('--region us-east-1 --cluster c --account-id 111122223333 --yes', { world })
    expect((await run()).code).toBe(0)
    expect(world.aws.calls).toEqual([])
  })

  it('guesses neither region nor cluster', async () => {
    const noRegion = await init('--yes').run()
    const noCluster = await init('--yes --region us-east-1').run()
    expect([noRegion.code, noCluster.code]).toEqual([2, 2])
    expect(noRegion.stderr).toContain('--region (or AWS_REGION) is not given')
    expect(noCluster.stderr).toContain('next: the account has test')
  })

  it('never overwrites without --force', async () => {
    const { path, run } = init('--region us-east-1 --cluster prod --yes')
    await writeFile(path, 'mine')
    const refused = await run()
    expect([refused.code, await readFile(path, 'utf8')]).toEqual([2, 'mine'])
    expect(refused.stderr).toContain('is there already, and is not overwritten')
    const forced = await runCli(`init --file ${path} --region us-east-1 --cluster prod --yes --force`, {
      world: fakeWorld(),
    })
    expect(forced.code).toBe(0)
    expect(await readFile(path, 'utf8')).toContain('name: prod')
  })

  it.each([
    [
      '--region nowhere --cluster prod --yes',
      '--region: aws.region: expected a region such as us-east-1, found "nowhere"',
    ],
    ['--region us-east-1 --cluster prod --account-id 12 --yes', '--account-id: aws.accountId: expected twelve digits'],
    ['--region us-east-1 --cluster prod', 'nobody can be asked here'],
    ['--sandbox --yes', 'the sandbox has a configuration of its own'],
  ])('refuses %s', async (args, message) => {
    const { path, run } = init(args)
    const { code, stderr } = await run()
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    await expect(readFile(path)).rejects.toThrow('ENOENT')
  })

  it('says why it cannot write', async () => {
    const { code, stderr } = await runCli(`init --file ${folder}/none/x.yaml --region us-east-1 --cluster c --yes`, {
      world: fakeWorld(),
    })
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be written')])
  })
})

describe('llmgw init in a terminal', () => {
  it('offers what the account has', async () => {
    const keys = [
      ['Preset:', '\r'],
      ['AWS region:', 'us-west-2\r'],
      ['pinned to', '\r'],
      ['EKS cluster:', '\r'],
      ['Name of this deployment:', '\r'],
      ['Models:', '\r'],
    ] as const
    const { path, run } = init('', { keys })
    const { code, stdout } = await run()
    expect(code).toBe(0)
    expect(stdout).toContain('123456789012')
    const { stdout: config } = await runCli(`config --config ${path} --output json`)
    expect(JSON.parse(config).config).toMatchObject({
      aws: { region: 'us-west-2', accountId: '123456789012' },
      cluster: { name: 'test' },
      deployment: 'llmgw',
    })
  })

  it('says what it could not ask, and asks again what cannot be right', async () => {
    const world = fakeWorld()
    world.aws.failNext('eks.listClusters', new PreflightError('AwsDenied', 'eks:ListClusters is not allowed'))
    const keys = [
      ['AWS region:', 'eu-west-1\r'],
      ['could not ask EKS for the clusters in eu-west-1: eks:ListClusters is not allowed', ''],
      ['pinned to', '\r'],
      ['Name of the EKS cluster:', '!\r'],
      ['an EKS cluster name', '\u007Fprod\r'],
      ['Name of this deployment:', '\r'],
    ] as const
    const { path, run } = init('--preset lean', { world, keys })
    const { code, stdout } = await run()
    expect(code).toBe(0)
    expect(stdout).toContain('there are no default models in eu-west-1')
    expect(await readFile(path, 'utf8')).toContain('name: prod')
  })

  it('writes nothing after Ctrl-C', async () => {
    const { path, run } = init('', { keys: [['Preset:', '\u0003']] })
    expect((await run()).code).toBe(130)
    await expect(readFile(path)).rejects.toThrow('ENOENT')
  })
})

describe('a command without a configuration', () => {
  const answers = [
    ['have one written?', 'y\r'],
    ['Preset:', '\r'],
    ['AWS region:', 'us-east-1\r'],
    ['pinned to', '\r'],
    ['EKS cluster:', '\r'],
    ['Name of this deployment:', '\r'],
    ['Models:', '\r'],
  ] as const

  it('offers in a terminal to have one written, and goes on with it', async () => {
    const { code, stdout, stderr } = await runCli('status', { file: undefined, world: fakeWorld(), keys: answers })
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(
      /There is no llmgw\.yaml here or above[\s\S]*wrote llmgw\.yaml, pinned to account 123456789012/,
    )
    expect(stdout).toMatch(/^namespaces +missing/m)
  })

  it.each([
    ['declined', 'status', [['have one written?', 'n\r']], 2],
    ['Ctrl-C', 'status', [['have one written?', '\u0003']], 130],
    ['--yes asks nothing', 'deploy all --yes', [], 2],
    ['data is no place for questions', 'status --output json', [], 2],
  ] as const)('%s', async (_what, args, keys, expected) => {
    const { code, stdout } = await runCli(args, { file: undefined, world: fakeWorld(), keys })
    expect(code).toBe(expected)
    expect(stdout).not.toContain('wrote llmgw.yaml')
    if (keys.length === 0) expect(stdout).not.toContain('have one written?')
  })

  it('ends with 2 and the command where nobody can be asked', async () => {
    const { code, stderr } = await runCli('deploy all --yes', { file: undefined, world: fakeWorld() })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/there is no llmgw\.yaml[\s\S]*next: .*llmgw init/)])
  })
})
