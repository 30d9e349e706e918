import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError, PreflightError } from '../../src/errors.ts'
import { fileWith, loadIn } from './in-folder.ts'

async function messageOf(file: string | Uint8Array): Promise<string> {
  const error: unknown = await loadIn(file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  return error instanceof ConfigError ? error.message : ''
}

describe('an error names file, line, column, path, found and expected', () => {
  it.each([
    ['unknown key', 'cashe: { kind: none }\n', 'llmgw.yaml:4:1: cashe: is not a known key; did you mean "cache"?'],
    [
      'key in the wrong place',
      'region: x\n',
      'llmgw.yaml:4:1: region: is not a known key here; did you mean "aws.region"?',
    ],
    [
      'unknown variant',
      'cache: { kind: redis }\n',
      'llmgw.yaml:4:16: cache.kind: expected none or redis-ha, found "redis"',
    ],
    [
      'wrong choice',
      'storage: { manage: always }\n',
      'llmgw.yaml:4:20: storage.manage: expected ask, create or off, found "always"',
    ],
    [
      'a range that is none',
      'networkPolicies: { internalCidrs: [10.0.0.0/64] }\n',
      'llmgw.yaml:4:36: networkPolicies.internalCidrs[0]: "10.0.0.0/64" is no range of addresses; expected a CIDR such as 10.0.0.0/16',
    ],
    [
      'a range that leads to the role of the node',
      'networkPolicies: { egress: { cidrs: [169.254.169.0/24] } }\n',
      'llmgw.yaml:4:38: networkPolicies.egress.cidrs[0]: "169.254.169.0/24" leads to the metadata service, which hands out the role of the node; expected another range',
    ],
    [
      'a resolver that hands out the role of the node',
      'networkPolicies: { egress: { dnsCidrs: [169.254.0.0/16] } }\n',
      'llmgw.yaml:4:41: networkPolicies.egress.dnsCidrs[0]: "169.254.0.0/16" leads to the metadata service, which hands out the role of the node; expected another range',
    ],
    ['wrong type', 'models: 3\n', 'llmgw.yaml:4:9: models: expected a list, found the number 3'],
    [
      'number for text',
      'deployment: 123\n',
      'llmgw.yaml:4:13: deployment: expected a text in quotes, found the number 123',
    ],
    [
      'wrong form',
      'timeouts: { run: 5 min }\n',
      'llmgw.yaml:4:18: timeouts.run: expected a whole number followed by s, m or h, e.g. 5m, found "5 min"',
    ],
    [
      'missing in a list',
      'models:\n  - name: a\n    provider: mock\n',
      'llmgw.yaml:5:5: models[0].model: is missing; expected a text',
    ],
    [
      'duplicate key',
      'deployment: a\ndeployment: b\n',
      'llmgw.yaml:5:1: this key stands twice in its mapping, found "deployment"',
    ],
    [
      'syntax',
      'models: [\n',
      'llmgw.yaml:5:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'control characters',
      'deployment: "a\\e[31m\\u202eb"\n',
      'llmgw.yaml:4:13: deployment: expected lower-case letters, digits and hyphens, as Kubernetes names are, found "a\\u{1b}[31m\\u{202e}b"',
    ],
    [
      'unknown logical secret',
      'secrets: { synced: [{ namespace: ui, name: s, keys: { k: redis-pasword } }] }\n',
      'llmgw.yaml:4:58: secrets.synced[0].keys.k: no logical secret "redis-pasword" in secrets.items; did you mean "redis-password"?',
    ],
    [
      'unknown API key secret',
      'models: [{ name: p, provider: perplexity, model: s, apiKeySecret: nope }]\n',
      'llmgw.yaml:4:67: models[0].apiKeySecret: no logical secret "nope" in secrets.items',
    ],
    [
      'profile without regions',
      'models: [{ name: p, provider: bedrock, model: us.amazon.nova-lite-v1:0 }]\n',
      'llmgw.yaml:4:10: models[0].regions: is missing; "us.amazon.nova-lite-v1:0" is an inference profile, expected its destination regions',
    ],
    [
      'shared namespace',
      'namespaces: { ui: external-secrets }\n',
      'llmgw.yaml:4:19: namespaces.ui: "external-secrets" is the namespace of the secrets operator; expected another one',
    ],
    [
      'shared remote',
      'secrets: { items: { redis-password: { remote: litellm/master-key } } }\n',
      'llmgw.yaml:4:47: secrets.items.redis-password.remote: "litellm/master-key" is also the remote name of "litellm-master-key"; expected one of its own',
    ],
    [
      'shared key of the bundle',
      'secrets: { items: { webui-secret-key: { property: redis-password } } }\n',
      'llmgw.yaml:4:51: secrets.items.webui-secret-key.property: "redis-password" is also the key of "redis-password" in the bundle; expected one of its own',
    ],
    [
      'a bundle under the name of a secret',
      'secrets: { bundle: litellm/master-key }\n',
      'llmgw.yaml:4:20: secrets.bundle: "litellm/master-key" is also the remote name of "litellm-master-key"; expected one of its own',
    ],
    [
      'our own key of the bundle',
      'secrets: { items: { redis-password: { property: _llmgw } } }\n',
      'llmgw.yaml:4:49: secrets.items.redis-password.property: expected letters, digits, _ and -, first a letter or digit, found "_llmgw"',
    ],
  ])('%s', async (_name, lines, message) => {
    expect(await messageOf(fileWith(lines))).toBe(message)
  })

  it.each([
    ['empty', '', 'llmgw.yaml:1:1: is empty; expected at least "apiVersion: llmgw/v1"'],
    ['a list', '- a\n', 'llmgw.yaml:1:1: holds a list of 1; expected a mapping such as "apiVersion: llmgw/v1"'],
    ['two documents', 'a: 1\n---\nb: 2\n', /llmgw.yaml:\d+:\d+: Source contains multiple documents/],
    ['an unknown tag', 'a: !!js/function x\n', /llmgw.yaml:1:4: Unresolved tag/],
    ['not UTF-8', new Uint8Array([0xff, 0xfe, 0x41]), /cannot be read as YAML/],
    ['an alias bomb', aliasBomb(), /cannot be read as YAML: Excessive alias count/],
    ['too large', 'a'.repeat(1_048_577), /is larger than 1 MiB/],
  ])('a file that is %s', async (_name, file, message) => {
    const found = await messageOf(file)
    if (typeof message === 'string') expect(found).toBe(message)
    else expect(found).toMatch(message)
  })

  it('a value that is wrong in the environment names the variable', async () => {
    await expect(loadIn(fileWith(), { env: { LLMGW_PRESET: 'plattform' } })).rejects.toThrow(
      'LLMGW_PRESET in the environment: preset: expected platform or lean, found "plattform"',
    )
  })

  it('all problems at once, by line, without the defaults that follow from them', async () => {
    const file =
      'apiVersion: llmgw/v1\ndeployment: "A B"\naws: { region: us-east-1, acountId: 1 }\ncluster: { nam: x }\n'
    expect(await messageOf(file)).toMatchInlineSnapshot(`
      "the configuration has 4 problems
        llmgw.yaml:2:13: deployment: expected lower-case letters, digits and hyphens, as Kubernetes names are, found "A B"
        llmgw.yaml:3:27: aws.acountId: is not a known key; did you mean "accountId"?
        llmgw.yaml:4:10: cluster.name: is missing; expected a text
        llmgw.yaml:4:12: cluster.nam: is not a known key; did you mean "name"?"
    `)
  })

  it('a very long value is cut', async () => {
    const message = await messageOf(fileWith(`deployment: ${'x'.repeat(5_000)}\n`))
    expect(message).toContain('(5000 characters)')
    expect(message.length).toBeLessThan(300)
  })
})

describe('whatever a file holds', () => {
  const junk = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .array(
        fc.constantFrom(
          'apiVersion',
          'aws',
          ':',
          ' ',
          '\n',
          '- ',
          '{',
          '}',
          '[',
          '&a',
          '*a',
          '!!x',
          '"',
          '|',
          '\t',
          '__proto__',
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join('')),
    fc.uint8Array({ maxLength: 60 }),
  )

  it('only a ConfigError comes out', async () => {
    await fc.assert(
      fc.asyncProperty(junk, async (content) => {
        const error: unknown = await loadIn(content).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(ConfigError)
      }),
      { numRuns: 100 },
    )
  })

  it('junk below a right file is a ConfigError, or configuration', async () => {
    const keys = fc.constantFrom(
      'aws',
      'cache',
      'secrets',
      'models',
      'irsa',
      'charts',
      'timeouts',
      '__proto__',
      'constructor',
    )
    await fc.assert(
      fc.asyncProperty(keys, fc.jsonValue(), async (key, value) => {
        const file = JSON.stringify({ apiVersion: 'llmgw/v1', aws: { region: 'us-east-1' }, cluster: { name: 'c' } })
        const content = `${file.slice(0, -1)},${JSON.stringify(key)}:${JSON.stringify(value)}}`
        const error: unknown = await loadIn(content).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (error !== undefined) expect(error).toBeInstanceOf(ConfigError)
        expect(error).not.toBeInstanceOf(PreflightError)
      }),
      { numRuns: 100 },
    )
  })
})

function aliasBomb(): string {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`,
  )
  return `l0: &l0 x\n${levels.join('\n')}\n`
}
