import { describe, expect, it } from 'vitest'
import { dashboards, exportedMetrics, metricNames, queries, rules } from './queries.ts'

const exported = exportedMetrics()

describe('a query', () => {
  it.each([
    ['up', ['up']],
    ['sum by (le) (rate(a_bucket{x="b", y!~"c.*"}[5m])) / sum(d_total)', ['a_bucket', 'd_total']],
    ['histogram_quantile(0.95, sum by (le) (rate(h_bucket[$__rate_interval])))', ['h_bucket']],
    ['absent(up{job="x"} == 1) or vector(0)', ['up']],
    ['max(a) == 0 and count(b{c="d{e}"}) > 1', ['a', 'b']],
    ['a / on (pod) group_left (node) b', ['a', 'b']],
  ])('%s asks for %j', (text, names) => {
    expect(metricNames(text)).toEqual(names)
  })
})

// Defect 73: the dashboard asked for counters without `_total`, and the guide for metrics that do not exist.
describe('dashboards and alerts', () => {
  it('are many, and ask for something each', () => {
    expect(queries.length).toBeGreaterThan(50)
    expect(queries.filter(({ text }) => metricNames(text).length === 0)).toEqual([])
  })

  it.each(queries)('$where asks only for what is exported', ({ text }) => {
    expect(metricNames(text).filter((name) => !exported.has(name))).toEqual([])
  })

  it('would be noticed asking for what nobody exports', () => {
    for (const name of ['litellm_requests_total', 'litellm_proxy_total_requests_metric', 'redis_commands_total'])
      expect(exported.has(name)).toBe(false)
  })

  it('have names of their own', () => {
    const uids = dashboards.map(({ board }) => board.uid)
    expect(uids).toEqual([...new Set(uids)])
    const alerts = rules.map(({ alert }) => alert)
    expect(alerts).toEqual([...new Set(alerts)])
  })
})

describe('an alert', () => {
  it.each(rules)('$alert says how bad it is, what it is, and what to do', ({ labels, annotations }) => {
    expect(labels.severity).toMatch(/^(critical|warning)$/)
    expect(Object.keys(annotations).sort()).toEqual(['description', 'next', 'summary'])
  })
})
