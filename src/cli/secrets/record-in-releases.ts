import { isReleaseStep } from '../../../steps/helm-release.ts'
import type { Consumer } from '../../../steps/rotation/consumers.ts'
import { decide } from '../../engine/decide.ts'
import { buildGraph } from '../../engine/graph.ts'
import type { RunResult } from '../../engine/result.ts'
import { execute, type RunOptions } from '../../engine/run.ts'
import type { LlmgwStep } from '../../ports/index.ts'
import type { Session } from '../run/session.ts'

/**
 * Values of a release may name the version that its pods are started with. Once they are, the release gets a revision that
 * says so and changes no object; one that differs in more is left for a deploy, and named.
 */
export async function recordInReleases(
  session: Session,
  consumers: readonly Consumer[],
  options: Omit<RunOptions, 'looked'>,
): Promise<RunResult> {
  const { ctx, stage } = session
  const steps = session.world.steps.filter((step) => isReleaseStep(step) && step.off?.(ctx) === undefined)
  const namespaces = new Set(consumers.map(({ ref }) => ref.namespace))
  const owning = await Promise.all(
    steps.map(async (step) => (isReleaseStep(step) && namespaces.has((await step.spec(ctx)).namespace) ? [step] : [])),
  )
  const graph = buildGraph(owning.flat() as LlmgwStep<unknown>[])
  const looked = await session.lookQuietly(graph, { diff: true })
  const behind = owning.flat().filter(({ id }) => looked.observations.get(id)?.state === 'drifted')
  const selected = new Set(
    behind.filter(({ id }) => changesOf(looked.observations.get(id)).length === 1).map(({ id }) => id),
  )
  for (const { id, component } of behind) {
    const message = selected.has(id)
      ? `release of ${component} records the new version; no object changes`
      : `release of ${component} differs in more than this: llmgw plan ${component}`
    stage.emit({ type: 'note', level: 'info', message })
  }
  const decisions = decide(graph, looked, { onExisting: 'update', selected })
  const result = await execute(graph, ctx, { ...options, looked, decisions, emit: () => undefined })
  // What these releases stand on was looked at, not worked on.
  const own = result.steps.filter(({ id }) => selected.has(id))
  return { ...result, steps: own, ok: own.every(({ outcome }) => outcome === 'done' || outcome === 'unchanged') }
}

function changesOf(seen: object | undefined): readonly unknown[] {
  return seen !== undefined && 'changes' in seen && Array.isArray(seen.changes) ? seen.changes : []
}
