import { PreflightError } from '../../errors.ts'
import { askRegistry, RegistryRefusal, registryOf } from './registry.ts'

const DEADLINE_MS = 30_000
/** Of one platform and of several. Source: OCI image specification 1.1; Docker image manifest v2. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

/** An image reference in its parts. */
export interface ImageReference {
  /** `host/path`, as it was written. */
  readonly name: string
  readonly tag?: string | undefined
  /** `sha256:…` */
  readonly digest?: string | undefined
}

const REFERENCE =
  /^(?<name>(?:[\w.-]+(?::\d+)?\/)?[\w.-]+(?:\/[\w.-]+)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/

/** The parts of a reference; undefined when it is none. */
export function parseImage(reference: string): ImageReference | undefined {
  const { name, tag, digest } = REFERENCE.exec(reference)?.groups ?? {}
  return name === undefined ? undefined : { name, tag, digest }
}

/** Of something that is not, or no longer, there. Source: OCI distribution specification 1.1; RFC 9110. */
const ABSENT: ReadonlySet<number> = new Set([404, 410])

/**
 * The digest under which a registry has an image now.
 * @throws PreflightError ImageMissing when the registry has no such image
 * @throws PreflightError ImageUnavailable when it shows it to nobody without an account, or does not answer
 */
export async function imageDigest(reference: ImageReference, signal: AbortSignal): Promise<string> {
  const { host, path } = registryOf(reference.name)
  // As Docker does: what this machine serves itself has no certificate.
  const registry = { host, plainHttp: /^(localhost|127\.)/.test(host) }
  const wanted = reference.digest ?? reference.tag ?? 'latest'
  const asking = {
    method: 'HEAD',
    accept: MANIFESTS,
    signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
  } as const
  const answer = await askRegistry(registry, `${path}/manifests/${wanted}`, asking).catch((error: unknown) => {
    signal.throwIfAborted()
    if (error instanceof RegistryRefusal && ABSENT.has(error.status))
      throw new PreflightError('ImageMissing', `registry ${host} has no image ${reference.name}:${wanted}`, {
        cause: error,
        hint: 'correct the tag, or push the image: llmgw images list',
      })
    throw new PreflightError('ImageUnavailable', `registry ${host} does not show image ${reference.name}:${wanted}`, {
      cause: error,
      hint: 'check the name and the network path; a private registry is not asked with your credentials',
    })
  })
  const digest = answer.headers.get('docker-content-digest')
  if (digest !== null) return digest
  throw new PreflightError('ImageUnavailable', `registry ${host} tells no digest of ${reference.name}:${wanted}`)
}
