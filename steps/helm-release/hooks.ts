import { StepError } from '../../src/errors.ts'
import type { KubeObject, ObjectRef, StepContext } from '../../src/ports/index.ts'
import { durationMs } from '../names.ts'

interface Place {
  readonly name: string
  readonly namespace: string
}

const JOBS = { apiVersion: 'batch/v1', kind: 'Job' }

/** A Job that helm runs around an operation of this release. */
export function isHookOf({ metadata }: KubeObject, release: string): boolean {
  return (
    metadata.annotations?.['helm.sh/hook'] !== undefined && metadata.labels?.['app.kubernetes.io/instance'] === release
  )
}

/**
 * Does `work`, an operation of helm that waits for its hooks, and ends it as soon as one of their pods cannot start:
 * helm itself would wait until its own deadline, and then not say why.
 * @throws StepError of the hook that cannot get ready, or what `work` threw
 */
export async function watchingHooks(
  ctx: StepContext,
  place: Place,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const known = new Set((await hooksOf(ctx, place)).map(({ metadata }) => metadata.uid))
  const end = new AbortController()
  const over = new AbortController()
  const failing = firstFailing(ctx, { place, known }, over.signal).then((failure) => {
    if (failure !== undefined) end.abort(failure)
    return failure
  })
  try {
    await work(AbortSignal.any([ctx.signal, end.signal]))
  } catch (error) {
    over.abort()
    throw (await failing) ?? error
  } finally {
    over.abort()
    await failing
  }
}

async function hooksOf(ctx: StepContext, { name, namespace }: Place): Promise<readonly KubeObject[]> {
  const jobs = await ctx.kube.list({ ...JOBS, namespace }, ctx.signal)
  return jobs.filter((job) => isHookOf(job, name))
}

interface Watched {
  readonly place: Place
  /** Hooks of earlier operations, which helm replaces. */
  readonly known: ReadonlySet<string | undefined>
}

/** Undefined when the operation is over first. What keeps us from looking is no reason to end it. */
async function firstFailing(
  ctx: StepContext,
  { place, known }: Watched,
  over: AbortSignal,
): Promise<StepError | undefined> {
  const { name, namespace } = place
  const seen = new Set(known)
  const signal = AbortSignal.any([ctx.signal, over])
  try {
    for await (const jobs of ctx.kube.watch({ ...JOBS, namespace }, signal)) {
      const fresh = jobs.filter((job) => isHookOf(job, name) && !seen.has(job.metadata.uid))
      for (const job of fresh) {
        seen.add(job.metadata.uid)
        const failure = await failureOf(ctx, { ...JOBS, namespace, name: job.metadata.name }, signal)
        if (failure !== undefined) return failure
      }
    }
  } catch (error) {
    if (signal.aborted) return undefined
    ctx.report(`could not watch the hooks of the release: ${error instanceof Error ? error.message : String(error)}`)
  }
  return undefined
}

async function failureOf(ctx: StepContext, job: ObjectRef, signal: AbortSignal): Promise<StepError | undefined> {
  const timeoutMs = durationMs(ctx.config.timeouts.helm)
  try {
    await ctx.readiness.wait([job], { timeoutMs, signal, report: ctx.report })
    return undefined
  } catch (error) {
    // Its own deadline is helm's to tell.
    return error instanceof StepError && error.code !== 'NotReady' && !signal.aborted ? error : undefined
  }
}
