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
  return [...pods, ...resources].flatMap(({ where, image }) => {
    const tag = IMAGE.exec(image)?.groups?.tag
    if (tag === undefined) return [`${where}: image "${image}" is no whole reference with registry and tag`]
    return MOVING.test(tag) && !image.includes('@sha256:') ? [`${where}: tag of image ${image} is moved`] : []
  })
}

function imagesOf({ image, args }: Tree): readonly string[] {
  const told = (Array.isArray(args) ? args : []).flatMap((argument) => IN_ARGUMENT.exec(String(argument))?.[1] ?? [])
  return [String(image), ...told]
}
