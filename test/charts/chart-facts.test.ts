import { describe, expect, it } from 'vitest'
import { extractValues, unreadPaths } from '../../scripts/charts/extract-values.ts'
import { prove } from '../../scripts/charts/prove.ts'
import { templateReads } from '../../scripts/charts/template-reads.ts'
import { valueTree } from '../../scripts/charts/value-tree.ts'
import { valueFault } from '../../src/cli/validate/chart-facts.ts'

const readsOf = (text: string) => [...new Set(templateReads(text).read.map((keys) => keys.join('.')))].sort()
const wholeOf = (text: string) => [...new Set(templateReads(text).whole.map((keys) => keys.join('.')))].sort()

describe('what a template reads', () => {
  it.each([
    ['a path', '{{ .Values.image.tag | quote }}', ['image.tag']],
    ['through the root', '{{ $.Values.a.b }} {{ $root.Values.c }}', ['a.b', 'c']],
    [
      'inside with',
      '{{ with .Values.pod }}{{ .labels }}{{ else }}{{ .labels }}{{ end }}{{ .none }}',
      ['pod', 'pod.labels'],
    ],
    ['through a variable', '{{ $m := .Values.monitor }}{{ if $m.enabled }}{{ end }}', ['monitor', 'monitor.enabled']],
    ['with index', '{{ index .Values "kube-state-metrics" "nameOverride" }}', ['kube-state-metrics.nameOverride']],
    ['not in a comment, nor in a text', '{{/* .Values.a */}}{{ fail "set .Values.b" }} .Values.c', []],
    ['not the elements of a loop', '{{ range .Values.hosts }}{{ .name }}{{ end }}', ['hosts']],
  ])('%s', (_name, text, paths) => {
    expect(readsOf(text)).toEqual(paths)
  })

  it('tells what goes out whole', () => {
    const text =
      '{{ toYaml .Values.resources }}{{ if .Values.x }}{{ end }}{{ with .Values.env }}{{ toYaml . }}{{ end }}'
    expect(wholeOf(text)).toEqual(['env', 'resources'])
  })
})

/** A chart with a subchart, as its archive holds it. */
const CHART = new Map([
  ['Chart.yaml', 'name: main\nversion: 1.2.3\ndependencies: [{ name: sub, condition: sub.enabled }]\n'],
  [
    'values.yaml',
    'replicas: 1\nimage: { tag: "" }\nextra: {}\nold: 1\nports: []\nweb: { on: false, hosts: [] }\nsub: { size: 2 }\n',
  ],
  [
    'templates/a.yaml',
    '{{ .Values.replicas }}{{ .Values.image.tag }}{{ toYaml .Values.extra }}{{ .Values.ports }}{{ .Values.web.on }}{{ .Values.web.hosts }}{{ .Values.missing.name }}',
  ],
  ['templates/NOTES.txt', '{{ .Values.old }}'],
  ['charts/sub/Chart.yaml', 'name: sub\nversion: 0.1.0\n'],
  ['charts/sub/values.yaml', 'size: 1\nlevel: info\n'],
  ['charts/sub/templates/b.yaml', '{{ .Values.size }}{{ .Values.level }}{{ .Values.global.registry }}'],
])

const extracted = extractValues(CHART)
const facts = {
  chart: 'main',
  version: '1.2.3',
  proven: ['web.hosts.first'],
  unread: unreadPaths(extracted).map((keys) => keys.join('.')),
  values: valueTree(extracted.values, extracted.reads),
}

describe('what a chart takes', () => {
  it('is its values by kind, its subcharts and what templates read besides', () => {
    expect(facts.values).toEqual({
      replicas: 'number',
      image: { tag: 'text' },
      extra: { '*': 'any' },
      old: 'number',
      ports: 'list',
      web: { on: 'boolean', hosts: 'list' },
      sub: { size: 'number', level: 'text', enabled: 'unset' },
      missing: { name: 'unset' },
      global: { registry: 'unset' },
    })
  })

  it('names the values that nothing reads', () => {
    expect(facts.unread).toEqual(['old'])
  })

  it.each<[string, readonly string[], unknown, string | undefined]>([
    ['a value', ['replicas'], 3, undefined],
    ['of a subchart', ['sub', 'level'], 'debug', undefined],
    ['without a default', ['missing', 'name'], 'x', undefined],
    ['in an open mapping', ['extra', 'any', 'thing'], 1, undefined],
    ['taken away', ['web'], null, undefined],
    ['a slip', ['image', 'tagg'], 'x', 'ValueUnknown'],
    ['a slip further up', ['imag', 'tag'], 'x', 'ValueUnknown'],
    ['a text for a list', ['web', 'hosts'], 'a', 'ValueKind'],
    ['a key in a list', ['ports', 'http'], 80, 'ValueKind'],
    ['a key in what was found to be a mapping too', ['web', 'hosts', 'second'], 'a', undefined],
    ['false in quotes', ['web', 'on'], 'false', 'ValueKind'],
    ['a text for a mapping', ['web'], 'off', 'ValueKind'],
    ['a text for a number', ['replicas'], 'three', 'ValueKind'],
    ['a number for a tag', ['image', 'tag'], 1.1, 'ValueKind'],
    ['what nobody reads', ['old'], 2, 'ValueUnread'],
  ])('%s', (_name, keys, value, code) => {
    expect(valueFault(facts, keys, value)?.code).toBe(code)
  })

  it('suggests the nearest name', () => {
    expect(valueFault(facts, ['image', 'tagg'], 'x')?.message).toBe(
      'image.tagg: chart main 1.2.3 knows no such value; did you mean "image.tag"?',
    )
  })
})

describe('the proof that a value changes the rendering', () => {
  it('tells dead values from living ones, whatever the chart makes up', async () => {
    let made = 0
    const render = async (values: Readonly<Record<string, unknown>>) => {
      made += 1
      if (values.kind === undefined) return { failure: 'kind is required' }
      return {
        text: `password: ${made}\nreplicas: ${String(values.replicas ?? 1)}\nsize: ${String(values.size ?? 'small')}\n`,
      }
    }
    const values = { replicas: 2, size: 'small', kind: 'x', dead: true, deep: { dead: 1 } }
    const proof = await prove(values, new Set(), render)
    expect(proof.effective.map(String).sort()).toEqual(['kind', 'replicas', 'size'])
    expect(proof.dead.map((keys) => keys.join('.')).sort()).toEqual(['dead', 'deep.dead'])
  })

  it('fails when the values do not render', async () => {
    await expect(prove({}, new Set(), async () => ({ failure: 'no host' }))).rejects.toThrow('no host')
  })
})
