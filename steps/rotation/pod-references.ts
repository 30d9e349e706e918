interface KeyRef {
  readonly name?: string
  readonly key?: string
}

interface Container {
  readonly env?: readonly { readonly valueFrom?: { readonly secretKeyRef?: KeyRef } }[]
  readonly envFrom?: readonly { readonly secretRef?: KeyRef }[]
}

interface SecretFiles {
  readonly name?: string
  readonly secretName?: string
  readonly items?: readonly KeyRef[]
}

/** What of a pod names Secrets. Source: Kubernetes API reference, PodSpec. */
export interface PodSpec {
  readonly containers?: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly {
    readonly secret?: SecretFiles
    readonly projected?: { readonly sources?: readonly { readonly secret?: SecretFiles }[] }
  }[]
}

/** Keys of a Kubernetes Secret that a pod reads: as variables, wholesale, or as files. */
export function keysUsed(spec: PodSpec | undefined, secret: string): 'all' | ReadonlySet<string> {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const whole = containers.some(({ envFrom = [] }) => envFrom.some(({ secretRef }) => secretRef?.name === secret))
  const files = (spec?.volumes ?? [])
    .flatMap(({ secret: own, projected }) => [own, ...(projected?.sources ?? []).map((source) => source.secret)])
    .filter((one) => one !== undefined)
    .filter((one) => (one.secretName ?? one.name) === secret)
  if (whole || files.some(({ items }) => items === undefined)) return 'all'
  const variables = containers
    .flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.secretKeyRef))
    .filter((ref) => ref?.name === secret)
  const named = [...variables, ...files.flatMap(({ items = [] }) => items)]
  return new Set(named.flatMap((ref) => ref?.key ?? []))
}
