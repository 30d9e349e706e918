import { isReleaseStep } from '../../../steps/helm-release.ts'
import { steps } from '../../../steps/index.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { describeOrigin } from '../../config/origin.ts'
import { type Override, overridesOf } from '../../config/overrides.ts'
import type { Assets, ReleaseSpec } from '../../ports/index.ts'
import { type ChartFacts, readFacts, valueFault } from './chart-facts.ts'
import type { Finding } from './finding.ts'

/** What is wrong with the values that the user sets, told from the facts about each chart. */
export async function checkOverrides(
  loaded: LoadedConfig,
  releases: readonly ReleaseSpec[],
  assets: Assets,
): Promise<readonly Finding[]> {
  const wanted = new Set(releases.map(({ name }) => name))
  const facts = new Map<string, ChartFacts>()
  const findings: Finding[] = []
  for (const override of overridesOf(loaded)) {
    const release = releaseOf(override.component)
    if (release === undefined || !wanted.has(release.name)) {
      findings.push(unused(override))
      continue
    }
    const known = facts.get(release.chart) ?? (await readFacts(release.chart, assets))
    facts.set(release.chart, known)
    const fault = valueFault(known, override.keys, override.value) ?? imageFault(override)
    if (fault) findings.push({ ...fault, ...placeOf(override) })
  }
  return findings
}

function releaseOf(component: string): { readonly name: string; readonly chart: string } | undefined {
  return steps.filter(isReleaseStep).find((step) => step.component === component)?.release
}

function unused(override: Override): Finding {
  return {
    severity: 'warning',
    code: 'OverrideUnused',
    ...placeOf(override),
    message: `${override.keys.join('.')}: this configuration has no ${override.component}, so its values go nowhere`,
    fix: `remove components.${override.component}, or turn the component on`,
  }
}

/** Tags that somebody moves. */
const MOVING = /^(latest|main|master|edge|nightly|dev|stable)(-.*)?$|-(latest|nightly)$/

/** An image that another one can take the place of is another program tomorrow. */
function imageFault({ keys, value }: Override): Omit<Finding, 'file'> | undefined {
  const last = keys.at(-1) ?? ''
  const tag = last === 'tag' ? value : last === 'image' && typeof value === 'string' ? tagOf(value) : undefined
  if (typeof tag !== 'string' || !MOVING.test(tag)) return undefined
  return {
    severity: 'error',
    code: 'ImageNotPinned',
    message: `${keys.join('.')}: tag ${tag} is moved from image to image`,
    fix: 'write the tag of one version, or a digest',
  }
}

const tagOf = (image: string): string | undefined => /:([\w][\w.-]*)$/.exec(image)?.[1]

function placeOf({ component, origin }: Override): Pick<Finding, 'file' | 'line' | 'column'> {
  if (origin?.kind === 'file') return { file: origin.file, line: origin.line, column: origin.column }
  return { file: origin === undefined ? `components.${component}` : describeOrigin(origin) }
}
