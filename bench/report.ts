import { readFile, writeFile } from 'node:fs/promises'
import { CONTENDERS } from './contenders.ts'
import { type Result, SCENARIOS, type Scenario } from './scenarios.ts'

/** Results as Markdown, measured on so many cores: a table for each scenario and latency, medians with least and most. */
export function tables(results: readonly Result[], cores: number): string {
  if (results.length === 0) return 'Nothing was measured.'
  const latencies = [...new Set(results.map(({ latencyMs }) => latencyMs))].sort((one, other) => one - other)
  const parts = [`${repeated(results)}, on ${cores} cores.`]
  for (const scenario of Object.keys(SCENARIOS) as Scenario[])
    for (const latencyMs of latencies) {
      const those = results.filter((result) => result.scenario === scenario && result.latencyMs === latencyMs)
      if (those.length > 0) parts.push(table(`${SCENARIOS[scenario]}, ${latencyMs} ms added to each request`, those))
    }
  return parts.join('\n\n')
}

/** Some may have had one turn more than others. */
function repeated(results: readonly Result[]): string {
  const turns = new Map<string, number>()
  for (const { contender, scenario, latencyMs } of results) {
    const name = `${contender} ${scenario} ${latencyMs}`
    turns.set(name, (turns.get(name) ?? 0) + 1)
  }
  const [least, most] = [Math.min(...turns.values()), Math.max(...turns.values())]
  if (most === 1) return 'One run each'
  return `Medians of ${least === most ? most : `${least} to ${most}`} runs, with least and most`
}

const HEAD = [
  '',
  'wall s',
  'times llmgw',
  'CPU s',
  'processes',
  'requests',
  'KiB',
  'peak MiB',
  'largest MiB',
  'cause after s',
  'exit',
]

function table(title: string, results: readonly Result[]): string {
  const own = results.filter(({ contender }) => contender === 'llmgw')
  const rows = CONTENDERS.flatMap(({ id, title: name }) => {
    const those = results.filter(({ contender }) => contender === id)
    return those.length === 0 ? [] : [[name, ...cells(those, own)]]
  })
  const complaints = results.flatMap(({ contender, complaint }) =>
    complaint ? [`- ${contender}: \`${complaint}\``] : [],
  )
  const lines = [HEAD, HEAD.map(() => '---'), ...rows].map((cell) => `| ${cell.join(' | ')} |`)
  return [`### ${title}`, '', ...lines, ...(complaints.length > 0 ? ['', ...new Set(complaints)] : [])].join('\n')
}

function cells(those: readonly Result[], own: readonly Result[]): readonly string[] {
  const of = (pick: (result: Result) => number, digits: number): string => spread(those.map(pick), digits)
  const causes = those.flatMap(({ causeS }) => (causeS === undefined ? [] : [causeS]))
  return [
    of(({ wallS }) => wallS, 1),
    ratio(those, own),
    of(({ cpuS }) => cpuS, 1),
    of(({ processes }) => processes, 0),
    of(({ requests }) => requests, 0),
    of(({ bytes }) => bytes / 1024, 0),
    of(({ peakMiB }) => peakMiB, 0),
    of(({ largestMiB }) => largestMiB, 0),
    causes.length === 0 ? '–' : spread(causes, 1),
    [...new Set(those.map(({ code }) => code))].join(', '),
  ]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

function spread(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits))
  const middle = median(values).toFixed(digits)
  return least === most ? middle : `${middle} (${least}–${most})`
}

/** Of medians; in brackets the most and the least that the runs would bear. */
function ratio(those: readonly Result[], own: readonly Result[]): string {
  if (own.length === 0 || those[0]?.contender === 'llmgw') return '1'
  const [mine, theirs] = [own, those].map((results) => results.map(({ wallS }) => wallS))
  if (!mine || !theirs) return '–'
  const middle = (median(theirs) / median(mine)).toFixed(1)
  const [least, most] = [Math.min(...theirs) / Math.max(...mine), Math.max(...theirs) / Math.min(...mine)]
  return those.length === 1 ? middle : `${middle} (${least.toFixed(1)}–${most.toFixed(1)})`
}

/** Puts text between the marks of this name in a page. */
export async function writeInto(page: string, text: string, mark: 'bench' | 'budgets'): Promise<void> {
  const before = await readFile(page, 'utf8')
  const [begin, end] = [`<!-- ${mark}:begin -->`, `<!-- ${mark}:end -->`]
  const [from, to] = [before.indexOf(begin), before.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} has no place for the tables`)
  await writeFile(page, `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`)
}
