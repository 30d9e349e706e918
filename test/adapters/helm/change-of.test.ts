import { describe, expect, test } from 'vitest'
import { fieldChange } from '../../../src/adapters/helm/change-of.ts'
import { objectDrift } from '../../../src/adapters/helm/drift.ts'
import { parseManifest } from '../../../src/adapters/helm/manifest.ts'
import { sameValue } from '../../../src/adapters/helm/same-value.ts'
import type { KubeObject } from '../../../src/ports/kube.ts'

describe('a change of one field', () => {
  test('never shows what is in a Secret', () => {
    const change = fieldChange('Secret', ['data', 'key'], { before: 'planted-canary', after: 'planted-other' })
    expect(change).toEqual({ path: 'data.key', before: '***', after: '***' })
  })
})

describe('a manifest', () => {
  const definition = (spec: string) =>
    `# Source: crds.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.a.example}\nspec:${spec}\nstatus: {stored: [v1]}\n`

  test('gives definitions whole, wherever they stand in it', () => {
    const spec = '\n  # a note\n  group: a.example\n\n  text: |\n    ---\n    kind: x\n  versions:\n  - {name: v1}\n'
    const text = `--- # first\n${definition(spec)}---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n---\n${definition(' {group: a.example}')}`
    const [first, pod, last] = parseManifest(text, 'here')
    expect(first).toEqual({
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', status: { stored: ['v1'] } },
      metadata: { name: 'things.a.example' },
      spec: { group: 'a.example', text: '---\nkind: x\n', versions: [{ name: 'v1' }] },
    })
    expect(pod).toMatchObject({ kind: 'Pod', metadata: { namespace: 'here' } })
    expect({ ...last }).toMatchObject({ spec: { group: 'a.example' } })
  })

  test('reads the schemas of definitions only when somebody asks', () => {
    const [found] = parseManifest(definition('\n  broken: ['), 'here')
    expect(found?.metadata.name).toBe('things.a.example')
    expect(() => found?.spec).toThrow('unexpected end')
  })

  test('is read as Helm reads it: octal modes, lists flattened, empty documents skipped', () => {
    const text = `---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\nmode: 0755\n`
    expect(parseManifest(text, 'here')).toEqual([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'here' } },
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b', namespace: 'here' }, mode: 493 },
    ])
  })

  test('with a key that a chart writes twice has the last one, as the API server gets it (defect 76)', () => {
    const text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: b, labels: {release: one, release: two}}\n'
    expect(parseManifest(text, 'here')).toMatchObject([{ metadata: { labels: { release: 'two' } } }])
  })
})

describe('values', () => {
  test.each([
    [0.5, '500m', true],
    ['1Gi', '1024Mi', true],
    ['1Gi', '1G', false],
    [false, undefined, true],
    [[], undefined, true],
    [true, undefined, false],
    [0, 3, false],
    ['a', 'b', false],
    [{ a: 1 }, { b: 2 }, false],
  ])('%j as %j: the same is %s', (recorded, live, expected) => {
    expect(sameValue(recorded, live)).toBe(expected)
  })
})

describe('drift of an object', () => {
  const recorded: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a', namespace: 'b' },
    spec: { replicas: 1, paused: false },
    webhooks: [{ name: 'w', clientConfig: { caBundle: 'Cg==' } }],
  }
  const live = (replicas: number, scaler: string | undefined): KubeObject => ({
    ...recorded,
    spec: { replicas, revisionHistoryLimit: 10 },
    webhooks: [{ name: 'w', clientConfig: { caBundle: 'aW5qZWN0ZWQ=' } }],
    metadata: {
      ...recorded.metadata,
      managedFields: [
        { manager: 'helm', operation: 'Apply', fieldsV1: { 'f:webhooks': { 'k:{"name":"w"}': { 'f:name': {} } } } },
        ...(scaler === undefined
          ? []
          : [
              {
                manager: scaler,
                operation: 'Update',
                subresource: 'scale',
                fieldsV1: { 'f:spec': { 'f:replicas': {} } },
              },
            ]),
      ],
    },
  })

  test('leaves out defaults, injected CA bundles and what an autoscaler set', () => {
    expect(objectDrift(recorded, live(5, 'kube-controller-manager'))).toEqual([])
  })

  test('holds what a person scaled', () => {
    expect(objectDrift(recorded, live(5, 'kubectl'))).toEqual([
      { action: 'update', target: 'deployment b/a', fields: [{ path: 'spec.replicas', before: '5', after: '1' }] },
    ])
  })
})
