import { LlmgwError } from '../../errors.ts'
import type { Kube, KubeObject } from '../../ports/index.ts'
import type { Verdict } from './verdict.ts'

/** What the API server says, in a dry run, when these objects are applied: denials of policies in force, nothing else. */
export async function judgedByCluster(
  kube: Kube,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  for (const object of objects) verdicts.push(...(await judged(kube, object, signal)))
  return verdicts
}

async function judged(kube: Kube, object: KubeObject, signal: AbortSignal): Promise<readonly Verdict[]> {
  try {
    await kube.apply(object, { dryRun: true, force: true, signal })
    return []
  } catch (error) {
    if (!(error instanceof LlmgwError && error.code === 'AdmissionDenied')) throw error
    const { namespace, name } = object.metadata
    const label = `${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
    return denials(String(error.cause)).map((denial) => ({ ...denial, object: label }))
  }
}

/** Gatekeeper writes a line for each violation: `[constraint] message`. */
function denials(words: string): readonly Omit<Verdict, 'object'>[] {
  const found = [...words.matchAll(/^\s*\[([^\]]+)\] (.*)$/gm)]
  if (found.length === 0) return [{ policy: 'another', message: words }]
  return found.map(([, constraint = '', message = '']) => ({ policy: constraint.replace(/^llmgw-/, ''), message }))
}
