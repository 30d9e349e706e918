import { appendFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Campaign } from './world/campaign.ts'
import { PLATFORMS, type Platform, settingsOf, wantedOf } from './world/chaos-platform.ts'
import { type ChaosRun, deployThrough, wipe } from './world/chaos-run.ts'
import { useDeployedSandbox } from './world/deployed.ts'
import { describeInjection, FAULTS, type Injection } from './world/faults.ts'
import type { KillPoint } from './world/kill-points.ts'
import { currentVersions, expectOneOfEach } from './world/one-of-each.ts'
import { objection } from './world/verdict.ts'

/** How many faults must strike (docs/chaos.md): a sample that CI has time for; `npm run test:chaos` takes more. The seed decides which. */
const SIZE = Number(process.env.LLMGW_TEST_FAULTS ?? 24)
const SEED = Number(process.env.LLMGW_TEST_SEED ?? 1)
/** One run alone, as a failure names it. */
const REPLAY = process.env.LLMGW_TEST_REPLAY
/** A file that gets a line a run. */
const LOG = process.env.LLMGW_TEST_LOG
/** A test a batch, so that a failure ends no more than one. */
const BATCH = 12
/** From so many on each of them must have struck in each step, for which there may be so many runs more. */
const EVERY_PAIR_FROM = 1000
const MORE_RUNS = 100
/** Runs that change what is there, for one from nothing. */
const CHANGES = 5

const sandbox = useDeployedSandbox('e2e-chaos', { deploy: false })

type Beginning = 'from nothing' | 'change'

/** A run to come: how it begins, and what it meets. */
interface Plan {
  readonly platform: Platform
  readonly beginning: Beginning
  readonly faults: readonly Injection[]
}

const campaign = new Campaign(SEED)
const figures = { runs: 0, unreached: 0, slowestSeconds: 0, exits: new Map<string, number>() }

/** What is deployed; undefined = nothing that can be relied on. */
let there: { readonly platform: Platform; readonly variant: 1 | 2; readonly changes: number } | undefined
/** Where a run without a fault passes, once it is known. */
const passes = new Map<string, readonly KillPoint[]>()
let platforms = 0
/** What the latest run deployed, as far as it came. */
let latest: Platform = PLATFORMS[0] as Platform

async function clear(): Promise<void> {
  there = undefined
  await wipe(sandbox, settingsOf(latest, 1))
}

/** Somebody has taken the denials away that come last of all: a change has something to do there too. */
async function openUp({ parts }: Platform): Promise<void> {
  if (parts === 'spine') return
  const { kube } = sandbox.at
  for (const { metadata } of await kube.list({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }))
    if (metadata.name === 'llmgw-default-deny')
      await kube.remove({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', ...metadata })
}

/** A run that meets nothing, and goes through. */
async function calm(platform: Platform, variant: 1 | 2): Promise<ChaosRun> {
  latest = platform
  const run = await deployThrough(sandbox, settingsOf(platform, variant))
  expect(run.ended.code, run.ended.output).toBe(0)
  return run
}

const keyOf = ({ parts, layout }: Platform, beginning: Beginning): string => `${parts} ${layout} ${beginning}`

/** Brings the sandbox to where the next run begins. @returns what that run is */
async function next(): Promise<Plan> {
  if (there && there.changes < CHANGES) {
    const { platform } = there
    await openUp(platform)
    return { platform, beginning: 'change', faults: campaign.draw(passes.get(keyOf(platform, 'change')) ?? []) }
  }
  const platform = PLATFORMS[(SEED + platforms) % PLATFORMS.length] as Platform
  platforms += 1
  if (!passes.has(keyOf(platform, 'change'))) {
    await clear()
    passes.set(keyOf(platform, 'from nothing'), (await calm(platform, 1)).passed)
    await openUp(platform)
    passes.set(keyOf(platform, 'change'), (await calm(platform, 2)).passed)
  }
  await clear()
  return {
    platform,
    beginning: 'from nothing',
    faults: campaign.draw(passes.get(keyOf(platform, 'from nothing')) ?? [], { dear: true }),
  }
}

/** One run that meets its faults, then one that meets none: nothing is lost, doubled or half done. @returns what struck */
async function meet({ platform, beginning, faults }: Plan): Promise<readonly Injection[]> {
  const variant = there?.variant === 1 ? 2 : 1
  const changes = beginning === 'change' ? (there?.changes ?? 0) + 1 : 0
  const wanted = wantedOf(platform)
  there = undefined
  latest = platform
  const earlier = await currentVersions(sandbox.at, wanted)
  const run = await deployThrough(sandbox, settingsOf(platform, variant), faults)
  const before = await currentVersions(sandbox.at, wanted)
  const again = await deployThrough(sandbox, settingsOf(platform, variant))
  const told = tell({ platform, beginning, faults }, run, again)
  const wrong = objection(run.struck, run.ended)
  const said = wrong || again.ended.code !== 0 ? `${run.ended.output}\nthen:\n${again.ended.output}\n` : ''
  if (LOG) await appendFile(LOG, `${told}\n${said}`)
  expect(wrong, `${told}\n${run.ended.output}`).toBeUndefined()
  expect(before, told).toMatchObject(earlier)
  expect(again.ended.code, `${told}\nthen:\n${again.ended.output}\nafter:\n${run.ended.output}`).toBe(0)
  expect(await currentVersions(sandbox.at, wanted), told).toMatchObject(before)
  await expectOneOfEach(sandbox.at, wanted)
  there = { platform, variant, changes }
  return run.struck
}

function tell(plan: Plan, run: ChaosRun, again: ChaosRun): string {
  const missed = plan.faults.filter((fault) => !run.struck.includes(fault))
  const how = run.ended.signal ?? `exit ${run.ended.code}`
  figures.runs += 1
  figures.unreached += missed.length
  figures.slowestSeconds = Math.max(figures.slowestSeconds, again.seconds)
  figures.exits.set(how, (figures.exits.get(how) ?? 0) + 1)
  const { parts, layout } = plan.platform
  return [
    `run ${figures.runs}: ${parts}, ${layout}, ${plan.beginning}: ${how} after ${run.seconds.toFixed(1)} s,` +
      ` then exit ${again.ended.code} after ${again.seconds.toFixed(1)} s`,
    ...run.struck.map((one) => `  ${one.point.step}: ${describeInjection(one)}`),
    ...missed.map((one) => `  not reached: ${one.point.step}: ${describeInjection(one)}`),
    `  alone: LLMGW_TEST_REPLAY='${JSON.stringify(plan)}'`,
  ].join('\n')
}

/** Steps down, faults across. `-`: no run makes a call there that could meet it. */
function table(): string {
  const rows = campaign.steps.map((step) => [
    step,
    ...FAULTS.map((fault) => String(campaign.struck(step, fault) ?? '-')),
  ])
  return [['step', ...FAULTS], ['---', ...FAULTS.map(() => '--:')], ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
}

function report(): string {
  const exits = [...figures.exits].map(([how, count]) => `${count} x ${how}`).join(', ')
  return [
    `${campaign.total} faults struck in ${figures.runs} runs (seed ${SEED}); ${figures.unreached} more were drawn and not reached`,
    `runs ended with: ${exits}; slowest recovery ${figures.slowestSeconds.toFixed(1)} s`,
    table(),
  ].join('\n')
}

async function replay(plan: Plan): Promise<readonly Injection[]> {
  await clear()
  if (plan.beginning === 'change') {
    await calm(plan.platform, 2)
    await openUp(plan.platform)
    there = { platform: plan.platform, variant: 2, changes: 0 }
  }
  return await meet(plan)
}

if (REPLAY === undefined)
  describe.sequential(`${SIZE} faults (seed ${SEED})`, () => {
    const batches = Array.from({ length: Math.ceil(SIZE / BATCH) }, (_, index) => Math.min(SIZE, (index + 1) * BATCH))

    test.each(batches)('until %i have struck', { timeout: 7_200_000 }, async (wanted) => {
      while (campaign.total < wanted) campaign.count(await meet(await next()))
    })

    if (SIZE >= EVERY_PAIR_FROM)
      test('every fault in every step that can meet it', { timeout: 7_200_000 }, async () => {
        for (let runs = 0; runs < MORE_RUNS && campaign.missing.length > 0; runs += 1)
          campaign.count(await meet(await next()))
        expect(campaign.missing).toEqual([])
      })

    test('as many as were wanted', () => {
      process.stdout.write(`${report()}\n`)
      expect(campaign.total).toBeGreaterThanOrEqual(SIZE)
    })
  })
else
  test('one run alone', { timeout: 7_200_000 }, async () => {
    expect(await replay(JSON.parse(REPLAY) as Plan)).not.toEqual([])
  })
