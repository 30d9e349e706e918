import { parseAllDocuments } from 'yaml'
import { type ImageReference, parseImage } from '../../adapters/charts/image-digest.ts'
import { render } from '../../adapters/helm/template.ts'
import { isTree, valueAt } from '../../config/merge.ts'
import { ConfigError } from '../../errors.ts'
import type { Supplies } from './supplies.ts'

/** An image that the platform runs, and which releases name it. */
export interface UsedImage {
  readonly image: string
  readonly releases: readonly string[]
}

/** An image that a controller is told to use, e.g. `--prometheus-config-reloader=quay.io/…:v1`. */
const IN_ARGUMENT = /^--[\w-]+=([\w-]+(?:\.[\w-]+)+\/[\w./-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)$/
/** YAML expands aliases: more than any chart has is an attack. */
const MOST_ALIASES = 1_000

/** Images of every release, as helm renders them with our values; in order. @throws ConfigError ChartNotRendered */
export async function imagesOf(
  { releases, charts, helm }: Supplies,
  signal: AbortSignal,
): Promise<readonly UsedImage[]> {
  const found = new Map<string, Set<string>>()
  for (const release of releases) {
    const { path } = await charts.resolve(release.chart, signal)
    const rendered = await render(helm, path, release, signal)
    if ('failure' in rendered)
      throw new ConfigError(
        'ChartNotRendered',
        `chart ${release.chart} of release ${release.name} does not render with these values`,
        {
          cause: rendered.failure,
          hint: 'look at components in llmgw.yaml: llmgw config --origin',
        },
      )
    for (const image of imagesIn(rendered.text)) found.set(image, (found.get(image) ?? new Set()).add(release.name))
  }
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([image, names]) => ({ image, releases: [...names].sort() }))
}

const imagesIn = (text: string): readonly string[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown)
    .filter((object) => !isHelmTest(object))
    .flatMap(within)

/** Only `helm test`, which nobody runs, would make it. */
function isHelmTest(object: unknown): boolean {
  const hook = valueAt(isTree(object) ? object : {}, ['metadata', 'annotations', 'helm.sh/hook'])
  return typeof hook === 'string' && hook.includes('test')
}

/** Every `image:` of an object, and what arguments name as one. */
function within(value: unknown): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item) => (typeof item === 'string' ? (IN_ARGUMENT.exec(item)?.[1] ?? []) : within(item)))
  if (!isTree(value)) return []
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'image' && typeof item === 'string' ? [item] : within(item),
  )
}

const MOVING = /^(latest|main|master|edge|nightly|dev|stable)(-.*)?$|-(latest|nightly)$/

/** What is wrong with a reference; undefined when it names one image for good. */
export function faultOf(image: string): { readonly reference?: ImageReference; readonly fault?: string } {
  const reference = parseImage(image)
  if (reference === undefined) return { fault: 'is no image reference' }
  if (reference.digest !== undefined) return { reference }
  if (reference.tag === undefined) return { reference, fault: 'has neither tag nor digest' }
  return MOVING.test(reference.tag) ? { reference, fault: `tag ${reference.tag} is moved` } : { reference }
}
