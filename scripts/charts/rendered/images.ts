import type { Tree } from '../../../src/config/merge.ts'
import { containersOf, podsOf, type Whole } from './whole.ts'

/** Registry host, path, tag, and a digest where one is given. */
const IMAGE = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/[\w.-]+)+:(?<tag>[\w][\w.-]{0,127})(@sha256:[0-9a-f]{64})?$/
const MOVING = /^(latest|main|master|edge|nightly|dev|stable)(-.*)?$|-(latest|nightly)$/
/** An image that a controller is told to use, e.g. `--prometheus-config-reloader=quay.io/…:v1`. */
const IN_ARGUMENT = /^--[\w-]+=([\w-]+(?:\.[\w-]+)+\/[\w./-]+(?::[\w.-]+)?)$/

/** Images that are no whole reference, or whose tag is moved. */
export function imageFaults(whole: Whole): readonly string[] {
  const pods = podsOf(whole).flatMap((pod) =>
    containersOf(pod).flatMap((container) =>
      imagesOf(container).map((image) => ({ where: `${pod.owner}, container ${String(container.name)}`, image })),
    ),
  )
  const resources = whole.objects.flatMap(({ kind, metadata, spec }) => {
    const image = (spec as Tree | undefined)?.image
    return /^(Prometheus|Alertmanager|ThanosRuler)$/.test(kind) && typeof image === 'string'
      ? [{ where: `${kind} ${metadata.name}`, image }]
      : []
  })
  const all = [...pods, ...resources]
  return [...all.flatMap(faultOf), ...mixedVersions(all)]
}

interface Named {
  readonly where: string
  readonly image: string
}

function faultOf({ where, image }: Named): readonly string[] {
  const tag = IMAGE.exec(image)?.groups?.tag
  if (tag === undefined) return [`${where}: image "${image}" is no whole reference with registry and tag`]
  return MOVING.test(tag) && !image.includes('@sha256:') ? [`${where}: tag of image ${image} is moved`] : []
}

/** One program in several versions, as when only the image of its first Deployment is set. */
function mixedVersions(all: readonly Named[]): readonly string[] {
  const versions = new Map<string, Set<string>>()
  for (const { image } of all) {
    const tag = IMAGE.exec(image)?.groups?.tag
    if (tag === undefined) continue
    const repository = image.slice(0, image.indexOf(`:${tag}`))
    versions.set(repository, (versions.get(repository) ?? new Set()).add(tag))
  }
  return [...versions].flatMap(([repository, tags]) =>
    tags.size > 1 ? [`${repository} is there in ${tags.size} versions: ${[...tags].sort().join(', ')}`] : [],
  )
}

function imagesOf({ image, args }: Tree): readonly string[] {
  const told = (Array.isArray(args) ? args : []).flatMap((argument) => IN_ARGUMENT.exec(String(argument))?.[1] ?? [])
  return [String(image), ...told]
}
