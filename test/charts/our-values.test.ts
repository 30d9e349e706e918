import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CONFIGURATIONS, configurationOf, releasesOf } from '../../scripts/charts/configurations.ts'
import { setPaths } from '../../scripts/charts/extract-values.ts'
import { parseChartLock } from '../../src/adapters/charts/lock.ts'
import { createAssets, packageRoot } from '../../src/cli/assets.ts'
import { readFacts, valueFault } from '../../src/cli/validate/chart-facts.ts'
import { valueAt } from '../../src/config/merge.ts'

const assets = createAssets(packageRoot())
const lock = parseChartLock(await readFile(new URL('../../helm-values/charts.lock.yaml', import.meta.url), 'utf8'))
const releases = (
  await Promise.all(
    Object.values(CONFIGURATIONS).map(async (values) => await releasesOf(await configurationOf(values))),
  )
).flat()

describe.each([...new Set(releases.map(({ chart }) => chart))])('our values of %s', (chart) => {
  const own = releases.filter((release) => release.chart === chart)

  it('were read from the pinned version', async () => {
    expect(await readFacts(chart, assets)).toMatchObject({
      chart: lock[chart]?.name,
      version: lock[chart]?.version,
      archive: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    })
  })

  it('exist in the chart, and are of its kinds', async () => {
    const facts = await readFacts(chart, assets)
    const faults = own.flatMap(({ values }) =>
      setPaths(values).flatMap((keys) => valueFault(facts, keys, valueAt(values, keys)) ?? []),
    )
    expect(faults).toEqual([])
  })

  it('change the rendering: after a change run npm run charts:facts -- DIR', async () => {
    const { proven } = await readFacts(chart, assets)
    const set = own.flatMap(({ values }) => setPaths(values).map((keys) => keys.join('.')))
    expect([...new Set(set)].filter((path) => !proven.includes(path))).toEqual([])
  })
})
