import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { describeOrigin } from '../../src/config/origin.ts'
import { overridesOf } from '../../src/config/overrides.ts'
import { fileWith, loadIn } from './in-folder.ts'

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'llmgw-overrides-'))
  await mkdir(join(cwd, 'values'))
})
afterAll(async () => await rm(cwd, { recursive: true }))

async function load(lines: string, valuesFile?: string) {
  await writeFile(join(cwd, 'llmgw.yaml'), fileWith(lines))
  if (valuesFile !== undefined) await writeFile(join(cwd, 'values', 'redis.yaml'), valuesFile)
  return await loadConfig({ cwd, env: {} })
}

const places = (loaded: Parameters<typeof overridesOf>[0]) =>
  overridesOf(loaded).map(({ component, keys, value, origin }) => [
    `${component} ${keys.join('.')}`,
    value,
    origin && describeOrigin(origin),
  ])

describe('values of a chart', () => {
  it('stand in the configuration, each with its place', async () => {
    const loaded = await load('components:\n  redis:\n    values: { haproxy: { replicas: 3 }, labels: [a, b] }\n')
    expect(places(loaded)).toEqual([
      ['redis haproxy.replicas', 3, 'llmgw.yaml:6:36'],
      ['redis labels', ['a', 'b'], 'llmgw.yaml:6:49'],
    ])
  })

  it('stand in a file of their own; what the configuration says wins', async () => {
    const lines = 'components: { redis: { valuesFile: values/redis.yaml, values: { haproxy: { replicas: 5 } } } }\n'
    const loaded = await load(lines, '# ours\nhaproxy:\n  replicas: 2\n  image: { tag: x }\n')
    expect(loaded.config.components.redis?.values).toEqual({ haproxy: { replicas: 5, image: { tag: 'x' } } })
    expect(places(loaded)).toEqual([
      ['redis haproxy.image.tag', 'x', 'values/redis.yaml:4:17'],
      ['redis haproxy.replicas', 5, 'llmgw.yaml:4:86'],
    ])
  })

  it('know no kinds: a mapping merges whatever its `kind` says', async () => {
    const lines = 'components: { redis: { valuesFile: values/redis.yaml, values: { probe: { kind: tcp } } } }\n'
    const loaded = await load(lines, 'probe: { kind: http, port: 1 }\n')
    expect(loaded.config.components.redis?.values).toEqual({ probe: { kind: 'tcp', port: 1 } })
  })

  it.each([
    [
      'no file',
      'components: { redis: { valuesFile: none.yaml } }\n',
      'llmgw.yaml:4:36: components.redis.valuesFile: none.yaml does not exist',
    ],
    [
      'a folder',
      'components: { redis: { valuesFile: values } }\n',
      'llmgw.yaml:4:36: components.redis.valuesFile: values is a folder',
    ],
    [
      'no mapping',
      'components: { redis: { valuesFile: values/redis.yaml } }\n',
      'values/redis.yaml:1:1: holds a list of 1; expected a mapping such as "replicaCount: 2"',
    ],
    [
      'a component without a chart',
      'components: { secrets: { values: {} } }\n',
      'llmgw.yaml:4:15: components.secrets: is not a known key; expected external-secrets, gatekeeper',
    ],
    ['a slip in the key', 'components: { redis: { valueFile: x } }\n', 'did you mean "valuesFile"?'],
    [
      'values that are a text',
      'components: { redis: { values: x } }\n',
      'llmgw.yaml:4:32: components.redis.values: expected a mapping, found "x"',
    ],
  ])('are refused when they are %s', async (_name, lines, message) => {
    await expect(load(lines, '- 1\n')).rejects.toThrow(message)
  })

  it('are none by default', async () => {
    expect(overridesOf(await loadIn(fileWith()))).toEqual([])
  })
})
