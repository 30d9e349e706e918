import type { Seen } from '../test/e2e/world/recording-proxy.ts'
import { type Contender, toolPaths } from './contenders.ts'
import { countingTools, type Figures, measure } from './measure.ts'
import { approach, type BenchWorld, openWorld } from './world.ts'

export const SCENARIOS = {
  fresh: 'fresh install',
  nothing: 'nothing to do',
  changed: 'one value changed',
  failing: 'one pod that fails',
  resumed: 'second run after kill -9',
} as const

export type Scenario = keyof typeof SCENARIOS

/** One run and what it asked of both APIs. */
export interface Result extends Omit<Figures, 'output' | 'namedAt'> {
  readonly contender: Contender['id']
  readonly scenario: Scenario
  readonly latencyMs: number
  readonly requests: number
  readonly bytes: number
  /** From the pod's status to the first line that names it, in seconds. */
  readonly causeS?: number
  /** Last lines of a run that did not end as it should have. */
  readonly complaint?: string
}

/** The same wishes for llmgw (settings) and for the others (a folder of manifests and values). */
interface Wish {
  readonly settings: object
  readonly recorded: string
}

export interface Wishes {
  readonly fresh: Wish
  readonly changed: Wish
  readonly failing: Wish
}

/** What a line says that names the failing pod. */
export const CAUSE = /ImagePullBackOff|never-pushed/

interface Measuring {
  readonly dir: string
  readonly contender: Contender
  readonly latencyMs: number
  readonly wishes: Wishes
  readonly report: (line: string) => void
}

/** All scenarios of a contender, each in the state that it needs; two new sandboxes. */
export async function runScenarios(measuring: Measuring, scenarios: readonly Scenario[]): Promise<readonly Result[]> {
  const { wishes } = measuring
  const results: Result[] = []
  const runs: readonly (readonly [Scenario, Wish])[] = [
    ['fresh', wishes.fresh],
    ['nothing', wishes.fresh],
    ['changed', wishes.changed],
    ['failing', wishes.failing],
  ]
  const last = runs.findLastIndex(([scenario]) => scenarios.includes(scenario))
  if (last >= 0) {
    await inNewWorld(measuring, async (world) => {
      for (const [scenario, wish] of runs.slice(0, last + 1))
        results.push(await run(measuring, world, { scenario, wish }))
    })
  }
  if (scenarios.includes('resumed')) {
    await inNewWorld(measuring, async (world) => {
      await run(measuring, world, { scenario: 'fresh', wish: wishes.fresh, killed: true })
      results.push(await run(measuring, world, { scenario: 'resumed', wish: wishes.fresh }))
    })
  }
  return results.filter(({ scenario }) => scenarios.includes(scenario))
}

async function inNewWorld({ dir }: Measuring, work: (world: BenchWorld) => Promise<void>): Promise<void> {
  const world = await openWorld(dir, () => undefined)
  try {
    await work(world)
  } finally {
    await world.close()
  }
}

interface Job {
  readonly scenario: Scenario
  readonly wish: Wish
  /** Ended with kill -9, all of its processes, when helm has just noted that it installs LiteLLM. */
  readonly killed?: boolean
}

const isHelmsNote = ({ method, path, body }: Seen): boolean =>
  method === 'POST' && path.includes('/secrets') && body.includes('sh.helm.release.v1.litellm.v1')

async function run(measuring: Measuring, world: BenchWorld, { scenario, wish, killed }: Job): Promise<Result> {
  const { contender, latencyMs, report } = measuring
  let kill = (): void => undefined
  const hooks = killed ? { kube: { after: (seen: Seen) => (isHelmsNote(seen) ? kill() : undefined) } } : {}
  const proxied = await approach(world, { latencyMs, settings: wish.settings, hooks })
  const tools = await countingTools(world.dir, await toolPaths(world))
  const watching = new AbortController()
  const failedAt = scenario === 'failing' ? firstFailure(world, watching.signal) : Promise.resolve(undefined)
  try {
    const command = await contender.command({ world, proxied, recorded: wish.recorded, path: tools.path })
    const figures = await measure(command, {
      dir: world.dir,
      count: tools.count,
      cause: CAUSE,
      onStart: (killAll) => {
        kill = killAll
      },
    })
    watching.abort()
    const { output, namedAt: _namedAt, ...numbers } = figures
    const causeS = secondsToCause(figures, await failedAt)
    const isExpected = (figures.code === 0) !== (scenario === 'failing')
    const result: Result = {
      contender: contender.id,
      scenario,
      latencyMs,
      ...numbers,
      requests: proxied.kube.seen.length + proxied.aws.seen.length,
      bytes: proxied.kube.bytes() + proxied.aws.bytes(),
      ...(causeS === undefined ? {} : { causeS }),
      ...(isExpected ? {} : { complaint: output.trim().split('\n').slice(-3).join(' | ') }),
    }
    report(describe(result, killed === true))
    return result
  } finally {
    watching.abort()
    await proxied.close()
  }
}

function describe({ contender, scenario, latencyMs, wallS, cpuS, code, complaint }: Result, killed: boolean): string {
  const what = killed ? 'killed' : SCENARIOS[scenario]
  const figures = killed ? '' : `${wallS.toFixed(1)} s, CPU ${cpuS.toFixed(1)} s, `
  return `${contender}, +${latencyMs} ms, ${what}: ${figures}exit ${code}${complaint && !killed ? `: ${complaint}` : ''}`
}

/** From the failure to the first line that names it; undefined where there was none, or no line. */
export function secondsToCause(
  { namedAt }: Pick<Figures, 'namedAt'>,
  failedAt: number | undefined,
): number | undefined {
  return namedAt && failedAt ? Math.max(0, (namedAt - failedAt) / 1000) : undefined
}

/** When a pod's status first said that its image cannot be pulled. */
export async function firstFailure({ at }: Pick<BenchWorld, 'at'>, signal: AbortSignal): Promise<number | undefined> {
  try {
    for await (const pods of at.kube.watch({ apiVersion: 'v1', kind: 'Pod', namespace: 'litellm' }, signal))
      if (JSON.stringify(pods).includes('ImagePullBackOff')) return Date.now()
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return undefined
}
