import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { StepError } from '../../errors.ts'
import { packageFile } from '../package-root.ts'
import type { Api } from './api.ts'

interface KubeObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly status?: { readonly phase?: string }
}

interface Volume extends KubeObject {
  readonly spec: object
}

const VOLUMES = '/api/v1/persistentvolumes'
const POOL_LABEL = 'sandbox.llmgw.dev/pool'
const ZONE_LABEL = 'topology.kubernetes.io/zone'
/** Free volumes a zone: redis-ha in three zones and what monitoring claims, with room for a second try. */
const FREE_PER_ZONE = 6

async function asset<T>(file: string): Promise<T> {
  return parse(await readFile(packageFile('sandbox', 'kwok', file), 'utf8'), { merge: true }) as T
}

async function list(api: Api, path: string): Promise<readonly KubeObject[]> {
  const { status, text } = await api.call('GET', path)
  if (status !== 200) throw refused(`list ${path}`, text)
  return (JSON.parse(text) as { items: readonly KubeObject[] }).items
}

/** Creates the object; one that is already there is left as it is. */
async function create(api: Api, path: string, object: object): Promise<void> {
  const { status, text } = await api.call('POST', path, object)
  if (status !== 201 && status !== 409) throw refused(`create in ${path}`, text)
}

function refused(what: string, text: string): StepError {
  return new StepError('SandboxSeedRefused', `the sandbox's API server refused to ${what}`, {
    cause: text.slice(0, 500),
    hint: 'llmgw sandbox logs control-plane',
  })
}

/** Nodes, default StorageClass and free volumes; makes what is missing and removes volumes that were given back. */
export async function seedCluster(api: Api): Promise<void> {
  const { items: nodes } = await asset<{ items: readonly KubeObject[] }>('nodes.yaml')
  const [have, volumes] = await Promise.all([list(api, '/api/v1/nodes'), list(api, VOLUMES)])
  const names = new Set(have.map((node) => node.metadata.name))
  await Promise.all([
    ...nodes
      .filter((node) => !names.has(node.metadata.name))
      .map((node) => create(api, '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', ...node })),
    ensureStorageClass(api, names.size === 0),
    ensureVolumes(api, nodes, volumes),
  ])
}

/** Only in a new cluster: one that the user took away stays away, for a cluster without a default class is a case to try. */
async function ensureStorageClass(api: Api, isNew: boolean): Promise<void> {
  if (isNew) await create(api, '/apis/storage.k8s.io/v1/storageclasses', await asset<object>('storage-class.yaml'))
}

async function ensureVolumes(api: Api, nodes: readonly KubeObject[], volumes: readonly KubeObject[]): Promise<void> {
  const pool = volumes.filter((volume) => volume.metadata.labels?.[POOL_LABEL] !== undefined)
  const released = pool.filter(({ status }) => status?.phase === 'Released' || status?.phase === 'Failed')
  await Promise.all(released.map(({ metadata }) => api.call('DELETE', `${VOLUMES}/${metadata.name}`)))
  const zones = new Set(nodes.flatMap((node) => node.metadata.labels?.[ZONE_LABEL] ?? []))
  const template = await asset<Volume>('volume.yaml')
  await Promise.all([...zones].map((zone) => fillZone(api, zone, { template, pool })))
}

async function fillZone(
  api: Api,
  zone: string,
  { template, pool }: { template: Volume; pool: readonly KubeObject[] },
): Promise<void> {
  const here = pool.filter(({ metadata }) => metadata.labels?.[ZONE_LABEL] === zone)
  const free = here.filter(({ status }) => status?.phase === 'Available' || status?.phase === 'Pending').length
  const highest = Math.max(0, ...here.map(({ metadata }) => Number(metadata.name.split('-').at(-1))))
  for (let index = 1; index <= FREE_PER_ZONE - free; index += 1) {
    const metadata = {
      ...template.metadata,
      name: `gp3-${zone}-${highest + index}`,
      labels: { ...template.metadata.labels, [ZONE_LABEL]: zone },
    }
    await create(api, VOLUMES, { ...template, metadata, spec: inZone(template.spec, zone) })
  }
}

function inZone(spec: object, zone: string): object {
  const matchExpressions = [{ key: ZONE_LABEL, operator: 'In', values: [zone] }]
  return { ...spec, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } }
}
