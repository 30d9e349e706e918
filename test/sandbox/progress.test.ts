import { expect, test } from 'vitest'
import { downloadCounter, packageCounter, parseGoLine } from '../../src/sandbox/tools/progress.ts'

test.each([
  ['go: downloading k8s.io/api v0.35.4', { kind: 'download', module: 'k8s.io/api', version: 'v0.35.4' }],
  ['k8s.io/kubernetes/pkg/apis/core', { kind: 'package', path: 'k8s.io/kubernetes/pkg/apis/core' }],
  ['gopkg.in/yaml.v3', { kind: 'package', path: 'gopkg.in/yaml.v3' }],
  ['runtime', { kind: 'package', path: 'runtime' }],
  ['# helm.sh/helm/v4/cmd/helm', { kind: 'other', text: '# helm.sh/helm/v4/cmd/helm' }],
  ['a.go:1:2: undefined: x', { kind: 'other', text: 'a.go:1:2: undefined: x' }],
  ['go: example.test/m@v1: 404 Not Found', { kind: 'other', text: 'go: example.test/m@v1: 404 Not Found' }],
])('understands %j', (line, meaning) => {
  expect(parseGoLine(line)).toEqual(meaning)
})

test('counts compiled packages, once a percent, never beyond the total', () => {
  const said: string[] = []
  const count = packageCounter('helm', 400, (line) => said.push(line))
  for (let index = 0; index < 500; index += 1) count(`example.test/p${index}`)
  count('# not a package')
  expect(said.length).toBeLessThanOrEqual(101)
  expect(said[0]).toBe('building helm 1/400 packages')
  expect(said.at(-1)).toBe('building helm 400/400 packages')
})

test('counts downloads', () => {
  const said: string[] = []
  const count = downloadCounter('helm', (line) => said.push(line))
  count('go: downloading a.test/a v1.0.0')
  count('runtime')
  count('go: downloading b.test/b v2.0.0')
  expect(said).toEqual([
    'downloading modules of helm: 1 (a.test/a v1.0.0)',
    'downloading modules of helm: 2 (b.test/b v2.0.0)',
  ])
})
