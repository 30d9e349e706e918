import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBundle, writeBundle } from '../../src/cli/support/bundle.ts'
import { scrubbed, strippedObject } from '../../src/cli/support/scrub.ts'
import { registerSecret } from '../../src/secret.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { runCli } from './run-cli.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llmgw-bundle-'))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

async function unpacked(file: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const tar = extract()
  tar.on('entry', ({ name }, stream, next) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk) => void chunks.push(chunk as Buffer))
    stream.on('end', () => {
      found.set(name.replace(/^[^/]+\//, ''), Buffer.concat(chunks).toString('utf8'))
      next()
    })
  })
  const ended = new Promise<void>((resolve, reject) => tar.on('finish', () => resolve()).on('error', reject))
  tar.end(gunzipSync(await readFile(file)))
  await ended
  return found
}

async function bundled(world: FakeWorld) {
  const file = join(folder, 'support.tar.gz')
  const result = await runCli(`support-bundle -o ${file} --output json`, { world })
  return { ...result, file, files: await unpacked(file) }
}

async function deployed(): Promise<FakeWorld> {
  const world = fakeWorld()
  expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  return world
}

const CANARY = 'canary "with quotes"\n7f3e9a21'
const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'planted', namespace: 'litellm' } }
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'talks', namespace: 'litellm' },
  spec: { containers: [{ name: 'main', env: [{ name: 'UPSTREAM_TOKEN', value: 'literal-in-the-spec' }] }] },
  status: { containerStatuses: [{ name: 'main', restartCount: 1, state: { running: {} } }] },
}

describe('llmgw support-bundle', () => {
  it('holds what helps to help, for its owner alone', async () => {
    const { code, stdout, file, files } = await bundled(await deployed())
    expect([code, (await stat(file)).mode & 0o777]).toEqual([0, 0o600])
    expect(JSON.parse(stdout)).toMatchObject({ command: 'support-bundle', file, files: files.size, lacking: [] })
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        ...['README.txt', 'versions.json', 'config.yaml', 'status.json', 'plan.json', 'diagnose.json', 'doctor.json'],
        ...['releases/litellm/redis/history.json', 'releases/litellm/redis/manifest.json'],
        ...['objects/litellm/Secret.json', 'cluster/Namespace.json'],
      ]),
    )
    expect(JSON.parse(files.get('plan.json') ?? '')).toMatchObject({ kind: 'llmgw/plan', differs: false })
  })

  it('holds no secret value, in whichever form and wherever it was written', async () => {
    const world = await deployed()
    const encoded = Buffer.from(CANARY).toString('base64')
    world.kube.seed({ ...SECRET, data: { 'the-key': encoded } })
    world.kube.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'careless', namespace: 'litellm' },
      data: { settings: JSON.stringify({ note: CANARY }), encoded, plain: CANARY },
    })
    world.kube.seed(POD)
    world.kube.event(
      { apiVersion: 'v1', kind: 'Secret', name: 'planted', namespace: 'litellm' },
      { reason: 'Leaks', message: CANARY },
    )
    world.kube.setLogs({ namespace: 'litellm', name: 'talks' }, `starting with ${CANARY}\nand sk-abcdefghijklmnop`)
    const { files, code } = await bundled(world)
    expect(code).toBe(0)
    const all = [...files.values()].join('\n')
    for (const planted of ['7f3e9a21', encoded, 'literal-in-the-spec', 'sk-abcdefghijklmnop'])
      expect(all).not.toContain(planted)
    // Negative control: these files are there, and say so.
    expect(files.get('objects/litellm/Secret.json')).toMatch(/"the-key": "\*\*\*"/)
    expect(files.get('objects/litellm/ConfigMap.json')).toMatch(/"plain": "\*\*\*"/)
    expect(files.get('logs/litellm/talks/main.log')).toContain('starting with ***')
    expect(files.get('logs/litellm/talks/main.previous.log')).toContain('starting with ***')
    expect(files.get('events/litellm.json')).toContain('Leaks')
  })

  it('says what it could not look at, and goes on', async () => {
    const world = await deployed()
    world.helm.failNext('history', new Error('no right to'))
    const { stdout, files } = await bundled(world)
    expect(JSON.parse(stdout).lacking).toEqual([{ what: expect.stringMatching(/^releases\//), why: 'no right to' }])
    expect(files.get('README.txt')).toMatch(/Could not be looked at:\n- releases\/.*: no right to/)
  })

  it('holds nothing of the cluster where the Secrets could not be read: their values could not be taken out', async () => {
    const world = await deployed()
    const { list } = world.kube
    const kube = {
      ...world.kube,
      list: async (...[query, signal]: Parameters<typeof list>) => {
        if (query.kind === 'Secret' && query.namespace === 'litellm' && query.labelSelector === undefined)
          throw new Error('secrets is forbidden')
        return await list(query, signal)
      },
    }
    const { code, files, stdout } = await bundled({ ...world, kube } as FakeWorld)
    expect([code, [...files.keys()].filter((name) => name.startsWith('objects/'))]).toEqual([3, []])
    expect(JSON.parse(stdout).lacking).toContainEqual({ what: 'the platform', why: 'secrets is forbidden' })
    expect(files.has('config.yaml')).toBe(true)
  })

  it('refuses, unwritten, a place that it may not write to', async () => {
    const { code, stderr } = await runCli('support-bundle -o nowhere/x.tar.gz', { world: fakeWorld() })
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('the support bundle was not written to nowhere/x.tar.gz'),
    ])
  })
})

it('whatever goes into a bundle is scrubbed when it is written, with what is known by then', async () => {
  const bundle = createBundle(new AbortController().signal)
  bundle.addText('a.log', 'late-told-value, sk-abcdefghijklmnop, and words')
  bundle.addJson('b.json', { note: 'late-told-value', inner: JSON.stringify({ token: 'late"told"quoted' }), port: 1 })
  registerSecret('late-told-value')
  registerSecret('late"told"quoted')
  const file = join(folder, 'bundle.tar.gz')
  await writeBundle(bundle, { cwd: folder, file, folder: 'x', at: new Date(0) })
  const files = await unpacked(file)
  expect([...files.values()].join('\n')).not.toMatch(/late|sk-/)
  expect(files.get('a.log')).toBe('***, ***, and words')
  expect(JSON.parse(files.get('b.json') ?? '')).toMatchObject({ note: '***', port: 1 })
})

describe('what looks like a secret', () => {
  it.each([
    ['Authorization: Bearer abc.def-ghi12345', 'Authorization: Bearer ***'],
    ['postgresql://user:hunter22@db:5432/x', 'postgresql://user:***@db:5432/x'],
    ['"password": "hunter22", "port": 1', '"password": "***", "port": 1'],
    ['AKIAABCDEFGHIJKLMNOP was used', '*** was used'],
    ['Pod litellm-5d9c7-x8zq2 is ready', 'Pod litellm-5d9c7-x8zq2 is ready'],
    ['image ghcr.io/berriai/litellm:1.2.3', 'image ghcr.io/berriai/litellm:1.2.3'],
    ['secret "redis-credentials" not found', 'secret "redis-credentials" not found'],
  ])('%s', (text, clean) => {
    expect(scrubbed(text)).toBe(clean)
  })

  it('is no value in an environment, and no earlier manifest of a Secret', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{}}', team: 'ml' }
    const { metadata } = strippedObject({ ...SECRET, metadata: { ...SECRET.metadata, annotations } })
    expect(metadata.annotations).toEqual({ team: 'ml' })
    expect(strippedObject(POD).spec).toEqual({
      containers: [{ name: 'main', env: [{ name: 'UPSTREAM_TOKEN', value: '***' }] }],
    })
  })
})
