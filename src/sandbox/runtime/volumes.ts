import { randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Api } from '../control-plane/api.ts'
import { fieldValue, type PodFacts, resourceValue } from './fields.ts'
import type { DownwardItem, Files, Pod, Volume } from './objects.ts'
import { type Data, type Lookup, Missing } from './sources.ts'

export interface VolumeHome {
  readonly api: Api
  readonly lookup: Lookup
  /** Folder of the Pod's volumes, one below it each. */
  readonly folder: string
  /** Folder of what outlives Pods, one below it for each PersistentVolume. */
  readonly persistent: string
  readonly facts: PodFacts
}

interface PlannedFile {
  readonly path: string
  readonly content: Buffer
  readonly mode: number
}

const MODE = 0o644

/**
 * Makes or refreshes one volume and gives the folder that holds it.
 * @throws Missing in a kubelet's words when what it projects is not there. Source: k8s.io/kubernetes/pkg/volume
 */
export async function materialize(home: VolumeHome, pod: Pod, volume: Volume): Promise<string> {
  if (volume.persistentVolumeClaim) return await persistent(home, pod, volume.persistentVolumeClaim.claimName)
  const folder = join(home.folder, volume.name)
  await mkdir(folder, { recursive: true })
  const files = await planned(home, pod, volume)
  // Whoever the container runs as may write into a scratch volume, as a kubelet makes them.
  if (files === undefined) await chmod(folder, 0o777)
  for (const file of files ?? []) await place(folder, file)
  return folder
}

async function persistent({ api, persistent }: VolumeHome, pod: Pod, claimName: string): Promise<string> {
  const { namespace } = pod.metadata
  const answer = await api.call('GET', `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}`)
  if (answer.status === 404) throw new Missing(`persistentvolumeclaim "${claimName}" not found`)
  const { spec } = JSON.parse(answer.text) as { readonly spec?: { readonly volumeName?: string } }
  if (!spec?.volumeName) throw new Missing(`persistentvolumeclaim "${claimName}" is not bound`)
  const folder = join(persistent, spec.volumeName)
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o777)
  return folder
}

/** Files of a projecting volume; undefined for one that starts empty. */
async function planned(home: VolumeHome, pod: Pod, volume: Volume): Promise<readonly PlannedFile[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap) return await data(home, pod, { ...configMap, kind: 'ConfigMap' }, configMap.defaultMode)
  if (secret) return await data(home, pod, { ...secret, name: secret.secretName, kind: 'Secret' }, secret.defaultMode)
  if (downwardAPI) return downward(home, pod, downwardAPI.items)
  if (!projected) return undefined
  const parts = (projected.sources ?? []).map(async (source) => {
    const mode = projected.defaultMode
    if (source.configMap) return await data(home, pod, { ...source.configMap, kind: 'ConfigMap' }, mode)
    if (source.secret) return await data(home, pod, { ...source.secret, kind: 'Secret' }, mode)
    if (source.downwardAPI) return downward(home, pod, source.downwardAPI.items)
    return source.serviceAccountToken ? [await token(home, pod, source.serviceAccountToken)] : []
  })
  return (await Promise.all(parts)).flat()
}

async function data(
  { lookup }: VolumeHome,
  pod: Pod,
  source: Files & { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string },
  defaultMode = MODE,
): Promise<readonly PlannedFile[]> {
  const { kind, name, items, optional } = source
  const content = await lookup(kind, pod.metadata.namespace, name)
  if (content === undefined) {
    if (optional === true) return []
    throw new Missing(`${kind.toLowerCase()} "${name}" not found`)
  }
  if (items === undefined) return [...content].map(([path, bytes]) => ({ path, content: bytes, mode: defaultMode }))
  return items.flatMap(({ key, path, mode = defaultMode }) => pick(content, key, { path, mode, optional }))
}

function pick(
  content: Data,
  key: string,
  { path, mode, optional }: { readonly path: string; readonly mode: number; readonly optional: boolean | undefined },
): readonly PlannedFile[] {
  const bytes = content.get(key)
  if (bytes !== undefined) return [{ path, content: bytes, mode }]
  if (optional === true) return []
  throw new Missing(`references non-existent config key: ${key}`)
}

function downward(home: VolumeHome, pod: Pod, items: readonly DownwardItem[] = []): readonly PlannedFile[] {
  return items.map(({ path, fieldRef, resourceFieldRef }) => {
    const owner = pod.spec.containers.find(({ name }) => name === resourceFieldRef?.containerName)
    const value = fieldRef
      ? fieldValue(pod, fieldRef.fieldPath, home.facts)
      : owner && resourceFieldRef && resourceValue(owner, resourceFieldRef.resource, resourceFieldRef.divisor)
    return { path, content: Buffer.from(value ?? ''), mode: MODE }
  })
}

async function token(
  { api }: VolumeHome,
  { metadata, spec }: Pod,
  wanted: { readonly path: string; readonly audience?: string; readonly expirationSeconds?: number },
): Promise<PlannedFile> {
  const account = spec.serviceAccountName ?? 'default'
  const path = `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${account}/token`
  const answer = await api.call('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      ...(wanted.audience === undefined ? {} : { audiences: [wanted.audience] }),
      expirationSeconds: wanted.expirationSeconds ?? 3600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid },
    },
  })
  if (answer.status !== 201) throw new Missing(`failed to fetch token: ${statusMessage(answer.text)}`)
  const { status } = JSON.parse(answer.text) as { readonly status: { readonly token: string } }
  return { path: wanted.path, content: Buffer.from(status.token), mode: MODE }
}

function statusMessage(text: string): string {
  const parsed = JSON.parse(text) as { readonly message?: string }
  return parsed.message ?? 'no answer'
}

/** Whole or not at all: a program may be reading it. */
async function place(folder: string, { path, content, mode }: PlannedFile): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  // Two containers of a Pod may be resolved side by side.
  const temporary = join(folder, `..${randomUUID()}.new`)
  await writeFile(temporary, content)
  await chmod(temporary, mode)
  await rename(temporary, file)
}
