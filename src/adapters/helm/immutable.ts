import type { Change } from '../../engine/step.ts'
import { StepError } from '../../errors.ts'

interface Refused {
  readonly kind: string
  readonly name: string
  readonly field: string | undefined
}

/** Fields of a StatefulSet that may change. Source: k8s.io/kubernetes pkg/apis/apps/validation, ValidateStatefulSetUpdate. */
const MAY_CHANGE =
  /^(metadata|status)\b|^spec\.(replicas|ordinals|template|updateStrategy|revisionHistoryLimit|persistentVolumeClaimRetentionPolicy|minReadySeconds)\b/

/** Which object and field the API server means. Source: k8s.io/apimachinery pkg/api/errors, NewInvalid. */
function refusedIn(said: string): Refused | undefined {
  const [, kind, name] = /(\w+)(?:\.[\w.]+)? "([^"]+)" is invalid/.exec(said) ?? []
  if (kind === undefined || name === undefined) return undefined
  const field = /is invalid: \[?([\w.[\]()/-]+): (?:Forbidden|Invalid value)/.exec(said)?.[1]
  // It names the spec as a whole where a StatefulSet is concerned.
  return { kind, name, field: field === 'spec' ? undefined : field }
}

/** What a release changes that cannot be changed in place. */
export function immutableMessage(release: string, said: string): string {
  const found = refusedIn(said)
  if (found === undefined) return `release ${release} changes a field that cannot be changed in place`
  const { kind, name, field = 'a field of the spec' } = found
  return `release ${release} changes ${field} of ${kind} ${name}, which cannot be changed in place`
}

/** The way out. */
export function immutableHint(said: string, release: string): string {
  const found = refusedIn(said)
  if (found === undefined) return 'see the field with: llmgw plan; the object must be deleted first, or the value kept'
  const [namespace] = release.split('/')
  const kept = found.kind === 'StatefulSet' ? ' --cascade=orphan (its pods and volumes stay)' : ''
  return `keep the old value; or delete the object and deploy again: kubectl delete ${found.kind.toLowerCase()} ${found.name} -n ${namespace}${kept}`
}

/**
 * The same error with the field that is meant, where the API server does not name it.
 * @param changes what the release would change, asked for only then
 */
export async function namingField(
  error: unknown,
  release: string,
  changes: () => Promise<readonly Change[]>,
): Promise<unknown> {
  if (!(error instanceof StepError) || error.code !== 'HelmImmutableField') return error
  const found = refusedIn(String(error.cause))
  if (found === undefined || found.field !== undefined) return error
  const known = await changes().catch(() => [])
  const target = `${found.kind.toLowerCase()} ${release.split('/')[0]}/${found.name}`
  const field = known
    .find((change) => change.target === target)
    ?.fields?.find(({ path }) => !MAY_CHANGE.test(path))?.path
  if (field === undefined) return error
  const message = `release ${release} changes ${field} of ${found.kind} ${found.name}, which cannot be changed in place`
  return new StepError(error.code, message, { cause: error.cause, hint: error.hint })
}
