import { steps } from '../../../steps/index.ts'
import type { Config } from '../../config/schema.ts'
import { buildGraph } from '../../engine/graph.ts'
import { look } from '../../engine/look.ts'
import type { Assets, Clock, LlmgwStep, ReleaseSpec } from '../../ports/index.ts'
import { emptyWorld } from './empty-world.ts'
import { type Finding, findingOf } from './finding.ts'

const CHECK_TIMEOUT_MS = 30_000

/** What the steps of a configuration would make: each is asked what it would create where nothing exists. */
export async function checkSteps(
  config: Config,
  { assets, clock }: { readonly assets: Assets; readonly clock: Clock },
  all: readonly LlmgwStep<unknown>[] = steps,
): Promise<{ readonly releases: readonly ReleaseSpec[]; readonly findings: readonly Finding[] }> {
  const { services, wanted } = emptyWorld(config, { assets, clock })
  const { observations } = await look(buildGraph(all), services, {
    signal: new AbortController().signal,
    emit: () => undefined,
    clock,
    timeoutMs: CHECK_TIMEOUT_MS,
    depth: { diff: false, deep: false },
  })
  const findings = [...observations].flatMap(([id, seen]) =>
    seen.state === 'unknown' || seen.state === 'broken' ? [findingOf(seen.cause, `step ${id}`)] : [],
  )
  return { releases: [...wanted.values()], findings }
}
