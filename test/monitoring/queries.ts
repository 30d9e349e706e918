import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const filesIn = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, ROOT))
    .map((name) => `${folder}/${name}`)
    .sort()

/** A PromQL expression and where it stands. */
export interface Query {
  readonly where: string
  readonly text: string
}

export interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface PrometheusRule {
  readonly spec: { readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[] }
}

interface Dashboard {
  readonly uid: string
  readonly templating: { readonly list: readonly { readonly query: string; readonly type: string }[] }
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}

const ruleFiles = filesIn('manifests/monitoring/alerts').map((file) => ({
  file,
  document: parse(read(file)) as PrometheusRule,
}))
/** Groups of all files, as Prometheus reads them. */
export const ruleGroups = ruleFiles.flatMap(({ document }) => document.spec.groups)
export const rules: readonly Rule[] = ruleGroups.flatMap((group) => group.rules)

export const dashboards = filesIn('manifests/monitoring/dashboards').map((file) => ({
  file,
  board: JSON.parse(read(file)) as Dashboard,
}))

/** Every expression of the dashboards, those of their variables included. */
const dashboardQueries: readonly Query[] = dashboards.flatMap(({ file, board }) => [
  ...board.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ where: `${file}: ${title}`, text: expr })),
  ),
  ...board.templating.list.flatMap(({ query, type }) => {
    const [, text] = /^label_values\((.+), \w+\)$/.exec(query) ?? []
    return type === 'query' ? [{ where: `${file}: a variable`, text: text ?? query }] : []
  }),
])

export const queries: readonly Query[] = [
  ...dashboardQueries,
  ...rules.map(({ alert, expr }) => ({ where: alert, text: expr })),
]

const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan'])

/** Names of the metrics in an expression: what is left without strings, labels, ranges, grouping, functions and operators. */
export function metricNames(expression: string): readonly string[] {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  return [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !WORDS.has(name.toLowerCase()))
}

/** Metrics that something really exports, with the file that names their source. */
export function exportedMetrics(): ReadonlyMap<string, string> {
  const lists = filesIn('test/monitoring/exported')
  return new Map(
    lists.flatMap((file) =>
      read(file)
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((name) => [name, file] as const),
    ),
  )
}
