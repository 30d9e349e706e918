import type { KubeObject } from '../../src/ports/index.ts'

/** The operator writes its version on each of its CRDs. */
const VERSION = 'operator.prometheus.io/version'

/** Whether a CRD in the cluster does for an operator that brings `wanted`: one of the same or a newer version. */
export function isUpToDate(live: KubeObject, wanted: KubeObject): boolean {
  const [have, want] = [versionOf(live), versionOf(wanted)]
  if (have === undefined || want === undefined) return false
  for (const [index, part] of want.entries()) {
    const found = have[index] ?? 0
    if (found !== part) return found > part
  }
  return true
}

function versionOf({ metadata }: KubeObject): readonly number[] | undefined {
  const text = metadata.annotations?.[VERSION]
  return text === undefined || !/^\d+(\.\d+)*$/.test(text) ? undefined : text.split('.').map(Number)
}

/** The version for people. */
export const operatorVersion = ({ metadata }: KubeObject): string => metadata.annotations?.[VERSION] ?? 'unknown'
