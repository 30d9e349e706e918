import type { Cause } from '../../../engine/step.ts'
import { StepError } from '../../../errors.ts'
import type { Kube, KubeObject, ListQuery } from '../../../ports/kube.ts'
import { progressing, READY, type Scene, Unseen, type Verdict } from './reader.ts'
import { readerOf } from './readers.ts'

/** Enough to see an exception, not a flood. */
const LOG_LINES = 8

/** Identity of a query. */
export const keyOf = (query: ListQuery): string =>
  [query.apiVersion, query.kind, query.namespace, query.labelSelector, query.fieldSelector].join('|')

/** What one object is; `needs` = look at these, then judge again. */
export function judge(
  object: KubeObject,
  scene: Scene,
): { readonly verdict: Verdict; readonly needs: readonly ListQuery[] } {
  if (object.metadata.deletionTimestamp !== undefined) return { verdict: progressing('is being deleted'), needs: [] }
  const reader = readerOf(object)
  if (!reader) return { verdict: READY, needs: [] }
  try {
    return { verdict: reader.read(object, scene), needs: [] }
  } catch (error) {
    if (!(error instanceof Unseen)) throw error
    return { verdict: progressing('looking closer'), needs: reader.needs(object) }
  }
}

/** The cause of a failure with the last lines that its container logged. */
export async function withLogs(
  kube: Kube,
  verdict: Extract<Verdict, { health: 'failed' }>,
  signal: AbortSignal | undefined,
): Promise<Cause> {
  const { cause, logs } = verdict
  if (!logs) return cause
  let lines: readonly string[]
  try {
    const text = await kube.logs({ ...logs, tailLines: LOG_LINES }, signal)
    lines = text.split('\n').filter((line) => line.trim() !== '')
  } catch (error) {
    signal?.throwIfAborted()
    lines = [`its log could not be read: ${error instanceof Error ? error.message : String(error)}`]
  }
  return { ...cause, evidence: [...(cause.evidence ?? []), ...lines.map((line) => `${logs.container}: ${line}`)] }
}

/** A cause as the error that ends a wait. */
export function asError({ code, message, evidence, hint }: Cause): StepError {
  return new StepError(code, message, { hint, cause: evidence?.length ? evidence.join('\n') : undefined })
}
