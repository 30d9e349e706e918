import type { KubeObject, StepContext } from '../src/ports/index.ts'
import { secrets } from './secrets.ts'

/** Annotation that names the version of a secret which a pod was started with. */
export const versionAnnotation = (logicalName: string): string => `llmgw.dev/secret-version.${logicalName}`

/**
 * Annotations for pods that hold these logical secrets: they differ, and so the pods restart, when one gets another value.
 * Versions are AWS's own ids, which tell nothing of a value.
 * @throws NotYetKnown while the secrets are not there yet
 */
export async function secretVersions(
  ctx: StepContext,
  logicalNames: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const versions = await ctx.output(secrets)
  return Object.fromEntries(logicalNames.map((name) => [versionAnnotation(name), versions[name] ?? '']))
}

/** Version of a logical secret that the pods of this workload are started with. */
export function versionIn(workload: KubeObject, logicalName: string): string | undefined {
  const { template } = (workload.spec ?? {}) as {
    readonly template?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } }
  }
  return template?.metadata?.annotations?.[versionAnnotation(logicalName)]
}
