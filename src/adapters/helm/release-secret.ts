import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { PreflightError } from '../../errors.ts'
import type { ReleaseRecord, ReleaseStatus } from '../../ports/helm.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'
import { ownRunId } from '../run-id.ts'
import { parseManifest } from './manifest.ts'

/** Labels of our own on a release. */
export const LABELS = {
  inputs: 'llmgw.dev/inputs',
  deployment: 'llmgw.dev/deployment',
  run: 'llmgw.dev/run',
} as const

/** Annotation in Chart.yaml of a small chart of ours that stands in for the real one. */
const STAND_IN = 'llmgw.dev/stand-in'

/** What Helm keeps of a revision. Source: helm.sh/helm/v4/pkg/release/v1, Release; Helm 3 writes the same. */
interface StoredRelease {
  readonly name: string
  readonly namespace: string
  readonly version: number
  readonly info: {
    readonly status: ReleaseStatus
    readonly description?: string
    readonly last_deployed?: string
    readonly [field: string]: unknown
  }
  readonly chart: {
    readonly metadata: {
      readonly name: string
      readonly version: string
      readonly annotations?: Readonly<Record<string, string>>
    }
  }
  readonly manifest?: string
  readonly [field: string]: unknown
}

/** A revision with the Secret that holds it. */
export interface StoredRevision {
  readonly record: ReleaseRecord
  readonly release: StoredRelease
  readonly secret: KubeObject
  /** Run that made it, from our label. */
  readonly run: string | undefined
}

const unzip = promisify(gunzip)
const zip = promisify(gzip)

/** Text that marks a revision as ours in Helm's description: labels are carried over to revisions that others make. */
export function descriptionFor(digest: string): string {
  return `Applied by llmgw, inputs ${digest}`
}

/** The same for a revision that went back to an earlier one, whose inputs it has. */
export function rollbackDescription(revision: number, digest: string | undefined): string {
  const words = `by rollback to revision ${revision}`
  return digest === undefined ? `Applied by llmgw, ${words}` : `${descriptionFor(digest)}, ${words}`
}

/** Behind the words of a revision whose workloads did not get ready: `helm history` shows it, and it outlives the next revision. */
const UNREADY = ', did not get ready'

const withoutNote = (description: string): string =>
  description.endsWith(UNREADY) ? description.slice(0, -UNREADY.length) : description

/** Clear JSON of a release from `data.release`: base64 (Secret) of base64 (Helm) of gzip. */
export async function decodeRelease(data: string): Promise<StoredRelease> {
  const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64')
  // Releases older than Helm 3.0 were not zipped; Helm tells them apart by the magic number too.
  const json = packed[0] === 0x1f && packed[1] === 0x8b ? await unzip(packed) : packed
  return JSON.parse(json.toString('utf8')) as StoredRelease
}

/** The reverse of {@link decodeRelease}. */
export async function encodeRelease(release: StoredRelease): Promise<string> {
  const packed = await zip(JSON.stringify(release))
  return Buffer.from(packed.toString('base64'), 'latin1').toString('base64')
}

function recordOf(release: StoredRelease, secret: KubeObject, ownRun: boolean): ReleaseRecord {
  const labels = secret.metadata.labels ?? {}
  const { name, namespace, version: revision, info, chart } = release
  const inputs = labels[LABELS.inputs]
  const deployment = labels[LABELS.deployment]
  let manifest: readonly KubeObject[] | undefined
  const { description = '' } = info
  const [applied] = withoutNote(description).split(', by rollback to revision ')
  const ours = inputs !== undefined && applied === descriptionFor(inputs)
  return {
    name,
    namespace,
    revision,
    status: info.status,
    chart: {
      name: chart.metadata.name,
      version: chart.metadata.version,
      standIn: chart.metadata.annotations?.[STAND_IN] === 'true',
    },
    ...(ours ? { inputs } : {}),
    ...(deployment === undefined ? {} : { deployment }),
    // Parsed when somebody asks: a look at a healthy platform often does not.
    get manifest() {
      manifest ??= parseManifest(release.manifest ?? '', namespace)
      return manifest
    },
    updatedAt: info.last_deployed ?? secret.metadata.creationTimestamp ?? '',
    description,
    // A rollback carries the labels of the revision it went back to.
    ownRun: ownRun && ours,
    unready: description.endsWith(UNREADY),
  }
}

interface Read {
  readonly resourceVersion: string
  readonly revision: Promise<StoredRevision>
}

/** By uid: reading one takes milliseconds of unpacking and parsing, and a run looks at the same one many times. */
const readOf = new WeakMap<Kube, Map<string, Read>>()

function read(kube: Kube, secret: KubeObject): Promise<StoredRevision> {
  const { uid, resourceVersion } = secret.metadata
  if (uid === undefined || resourceVersion === undefined) return unpack(secret)
  const known = readOf.get(kube) ?? new Map<string, Read>()
  readOf.set(kube, known)
  const before = known.get(uid)
  if (before?.resourceVersion === resourceVersion) return before.revision
  const revision = unpack(secret)
  known.set(uid, { resourceVersion, revision })
  return revision
}

async function unpack(secret: KubeObject): Promise<StoredRevision> {
  const { data } = secret as { data?: Readonly<Record<string, string>> }
  try {
    const release = await decodeRelease(data?.release ?? '')
    const run = secret.metadata.labels?.[LABELS.run]
    return { record: recordOf(release, secret, run === (await ownRunId())), release, secret, run }
  } catch (error) {
    throw new PreflightError(
      'HelmReleaseUnreadable',
      `could not read the release in Secret ${secret.metadata.namespace ?? ''}/${secret.metadata.name}`,
      { cause: error, hint: `look at it with: helm history ${secret.metadata.labels?.name ?? ''}` },
    )
  }
}

const revisionOf = (secret: KubeObject): number => Number(secret.metadata.labels?.version ?? 0)

/** The newest revision of a release; undefined when there is no release of that name. */
export async function findRevision(
  kube: Kube,
  release: { readonly name: string; readonly namespace: string },
  signal?: AbortSignal,
): Promise<StoredRevision | undefined> {
  const secrets = await kube.list(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      namespace: release.namespace,
      // The newest revision is never superseded: a revision becomes so only when a newer one is deployed.
      labelSelector: `owner=helm,name=${release.name},status!=superseded`,
    },
    signal,
  )
  const newest = [...secrets].sort((a, b) => revisionOf(b) - revisionOf(a))[0]
  return newest === undefined ? undefined : read(kube, newest)
}

/** Every revision that is kept, newest first. */
export async function findHistory(
  kube: Kube,
  release: { readonly name: string; readonly namespace: string },
  signal?: AbortSignal,
): Promise<readonly StoredRevision[]> {
  const secrets = await kube.list(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      namespace: release.namespace,
      labelSelector: `owner=helm,name=${release.name}`,
    },
    signal,
  )
  return await Promise.all(
    [...secrets].sort((a, b) => revisionOf(b) - revisionOf(a)).map((secret) => read(kube, secret)),
  )
}

interface Owned {
  readonly deployment: string
  /** Left out of the answer, and not fetched: a revision may be a megabyte. */
  readonly except: readonly { readonly name: string; readonly namespace: string }[]
}

/** Newest revisions of the releases that carry the mark of a deployment, in any namespace. */
export async function findOwned(
  kube: Kube,
  { deployment, except }: Owned,
  signal?: AbortSignal,
): Promise<readonly ReleaseRecord[]> {
  const ours = `owner=helm,${LABELS.deployment}=${deployment},status!=superseded`
  const names = [...new Set(except.map(({ name }) => name))]
  const homes = [...new Set(except.map(({ namespace }) => namespace))]
  const secret = { apiVersion: 'v1', kind: 'Secret' }
  const lists = await Promise.all([
    kube.list(
      { ...secret, labelSelector: names.length === 0 ? ours : `${ours},name notin (${names.join(',')})` },
      signal,
    ),
    // A release of a known name in another namespace than its own.
    ...homes.map((home) => {
      const known = except.filter(({ namespace }) => namespace === home).map(({ name }) => name)
      const labelSelector = `${ours},name in (${known.join(',')})`
      return kube.list({ ...secret, labelSelector, fieldSelector: `metadata.namespace!=${home}` }, signal)
    }),
  ])
  const isWanted = ({ metadata }: KubeObject): boolean =>
    except.some(({ name, namespace }) => name === metadata.labels?.name && namespace === metadata.namespace)
  const newest = newestOfEach(lists.flat().filter((found) => !isWanted(found)))
  const revisions = await Promise.all(newest.map((secret) => read(kube, secret)))
  return revisions.map(({ record }) => record).filter(({ status }) => status !== 'uninstalled')
}

function newestOfEach(secrets: readonly KubeObject[]): readonly KubeObject[] {
  const newest = new Map<string, KubeObject>()
  for (const secret of secrets) {
    const release = `${secret.metadata.namespace}/${secret.metadata.labels?.name}`
    const known = newest.get(release)
    if (known === undefined || revisionOf(secret) > revisionOf(known)) newest.set(release, secret)
  }
  return [...newest.values()]
}

/** Notes on a revision, with what Helm keeps of it, whether its workloads got ready. */
export async function noteReady(
  kube: Kube,
  revision: StoredRevision,
  ready: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { info } = revision.release
  const words = withoutNote(info.description ?? '')
  await rewrite(kube, revision, { ...info, description: ready ? words : `${words}${UNREADY}` }, signal)
}

/** Marks a revision as failed, keeping it and the history; refused by the server when it changed in the meantime. */
export async function markFailed(kube: Kube, revision: StoredRevision, reason: string): Promise<void> {
  await rewrite(kube, revision, { ...revision.release.info, status: 'failed', description: reason })
}

/** Marks a revision as one that a newer one has taken the place of, as helm does. */
export async function markSuperseded(kube: Kube, revision: StoredRevision, signal: AbortSignal): Promise<void> {
  await rewrite(kube, revision, { ...revision.release.info, status: 'superseded' }, signal)
}

async function rewrite(
  kube: Kube,
  { secret, release }: StoredRevision,
  info: StoredRelease['info'],
  signal?: AbortSignal,
): Promise<void> {
  const { name, namespace, resourceVersion } = secret.metadata
  await kube.patch(
    { apiVersion: 'v1', kind: 'Secret', name, namespace },
    {
      metadata: { resourceVersion, labels: { status: info.status } },
      data: { release: await encodeRelease({ ...release, info }) },
    },
    signal,
  )
}
