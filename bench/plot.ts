import { CONTENDERS } from './contenders.ts'
import { median } from './report.ts'
import { type Result, SCENARIOS, type Scenario } from './scenarios.ts'

const COLORS: Readonly<Record<string, string>> = {
  sequence: '#8c8c8c',
  parallel: '#b9a46c',
  helmfile: '#5a8fb8',
  llmgw: '#2f9e5b',
}
const WIDTH = 860
const LABEL = 190
const BAR = 13
const GAP = 10

/** Wall time of each contender as bars, a panel for each scenario, a group for each latency; each panel has its own scale. */
export function plot(results: readonly Result[]): string {
  const parts: string[] = []
  let top = 44
  for (const scenario of Object.keys(SCENARIOS) as Scenario[]) {
    const those = results.filter((result) => result.scenario === scenario)
    if (those.length === 0) continue
    const panel = drawPanel(SCENARIOS[scenario], those, top)
    parts.push(panel.svg)
    top = panel.bottom
  }
  const legend = CONTENDERS.map(({ id, title }, index) => {
    const x = 16 + index * 205
    return `<rect x="${x}" y="12" width="12" height="12" fill="${COLORS[id]}"/><text x="${x + 18}" y="22">${title}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="12">`,
    '<title>Seconds that each way takes, by scenario</title>',
    `<rect width="${WIDTH}" height="${top}" fill="#fff"/>`,
    ...legend,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function drawPanel(title: string, results: readonly Result[], top: number): { svg: string; bottom: number } {
  const longest = Math.max(...results.map(({ wallS }) => wallS))
  const scale = (WIDTH - LABEL - 90) / longest
  const lines = [`<text x="16" y="${top + 14}" font-weight="bold">${title}</text>`]
  let y = top + 24
  for (const latency of [...new Set(results.map(({ latencyMs }) => latencyMs))].sort((a, b) => a - b)) {
    lines.push(`<text x="28" y="${y + 11}">+${latency} ms a request</text>`)
    for (const { id } of CONTENDERS) {
      const walls = results.flatMap((result) =>
        result.contender === id && result.latencyMs === latency ? [result.wallS] : [],
      )
      if (walls.length === 0) continue
      const wall = median(walls)
      const end = LABEL + wall * scale
      const [least, most] = [LABEL + Math.min(...walls) * scale, LABEL + Math.max(...walls) * scale]
      lines.push(
        `<rect x="${LABEL}" y="${y}" width="${(wall * scale).toFixed(1)}" height="${BAR - 2}" fill="${COLORS[id]}"/>`,
        `<line x1="${least.toFixed(1)}" x2="${most.toFixed(1)}" y1="${y + BAR / 2 - 1}" y2="${y + BAR / 2 - 1}" stroke="#000"/>`,
        `<text x="${(Math.max(end, most) + 6).toFixed(1)}" y="${y + 10}">${wall.toFixed(1)} s</text>`,
      )
      y += BAR
    }
    y += GAP
  }
  return { svg: lines.join('\n'), bottom: y + GAP }
}
