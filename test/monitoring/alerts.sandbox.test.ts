import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { goTool } from '../go-tool.ts'
import { ALERT_CASES, type AlertCase } from './alert-cases.ts'
import { ruleGroups, rules } from './queries.ts'

let promtool = ''
let folder = ''

beforeAll(async () => {
  promtool = await goTool('promtool')
  folder = await mkdtemp(join(tmpdir(), 'llmgw-alerts-'))
  await writeFile(join(folder, 'rules.yaml'), stringify({ groups: ruleGroups }))
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

/** The case as promtool takes it; annotations without a value in them are the rule's own. */
function unitTest({ alert, series, at, raises }: AlertCase): object {
  const { summary: _, ...fixed } = rules.find((rule) => rule.alert === alert)?.annotations ?? {}
  const expected = raises && {
    exp_labels: raises.labels,
    exp_annotations: { ...fixed, summary: raises.summary },
  }
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: `${at}m`, alertname: alert, exp_alerts: expected ? [expected] : [] }],
  }
}

async function ask(one: AlertCase): Promise<{ readonly failed: boolean; readonly said: string }> {
  const file = join(folder, 'case.yaml')
  const tests = { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: [unitTest(one)] }
  await writeFile(file, stringify(tests))
  const { failed, all } = await execa(promtool, ['test', 'rules', file], { reject: false, all: true })
  return { failed, said: all }
}

describe('alerts, as Prometheus itself reads them', () => {
  it.each(ALERT_CASES.map((one) => [`${one.alert}: ${one.what}`, one] as const))('%s', async (_, one) => {
    const { failed, said } = await ask(one)
    expect(failed, said).toBe(false)
    if (one.raises === undefined) return
    // The same case, told wrong, is noticed.
    const wrong = { ...one, raises: { ...one.raises, summary: 'Something else.' } }
    expect((await ask(wrong)).failed).toBe(true)
  })

  it('are each raised in one case, and silent in another', () => {
    const names = (raised: boolean) =>
      [
        ...new Set(ALERT_CASES.filter(({ raises }) => (raises !== undefined) === raised).map(({ alert }) => alert)),
      ].sort()
    const all = rules.map(({ alert }) => alert).sort()
    expect([names(true), names(false)]).toEqual([all, all])
  })
})
