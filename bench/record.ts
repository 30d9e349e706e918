import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { stringify } from 'yaml'
import type { KubeObject } from '../src/ports/index.ts'
import type { Seen } from '../test/e2e/world/recording-proxy.ts'
import type { Proxied } from '../test/e2e/world/through-proxies.ts'
import { type BenchWorld, TIMEOUT_S } from './world.ts'

/** Which file of the script an object goes to; the first that matches. */
const FILES: readonly (readonly [file: string, fits: (object: KubeObject) => boolean])[] = [
  ['namespaces', ({ kind }) => kind === 'Namespace'],
  ['storage', ({ kind }) => kind === 'StorageClass'],
  ['crds', ({ kind }) => kind === 'CustomResourceDefinition'],
  ['store', ({ kind }) => kind === 'ClusterSecretStore'],
  ['sync', ({ kind }) => kind === 'ExternalSecret'],
  ['templates', ({ kind }) => kind === 'ConstraintTemplate'],
  ['constraints', ({ apiVersion }) => apiVersion.startsWith('constraints.gatekeeper.sh/')],
  ['network', ({ kind }) => kind === 'NetworkPolicy'],
  ['dashboards', ({ kind }) => kind === 'ConfigMap'],
  ['monitors', ({ apiVersion }) => apiVersion.startsWith('monitoring.coreos.com/')],
]

interface Release {
  readonly name: string
  readonly namespace: string
  readonly chart: { readonly metadata: { readonly name: string } }
  readonly config: object
}

const isOwnApply = ({ method, path, userAgent }: Seen): boolean =>
  method === 'PATCH' && path.includes('fieldManager=llmgw') && !path.includes('dryRun') && !/^helm/i.test(userAgent)

/** A patch of some fields is none. */
const isWhole = ({ apiVersion, kind }: Partial<KubeObject>): boolean => apiVersion !== undefined && kind !== undefined

/** Writes what a run of llmgw applied as the files that the other contenders apply: the same objects, values, roles. */
export async function record(world: BenchWorld, { kube, aws }: Proxied): Promise<string> {
  const dir = join(world.dir, 'recorded')
  for (const folder of ['manifests', 'values', 'roles']) await mkdir(join(dir, folder), { recursive: true })
  const applied = kube.seen
    .filter(isOwnApply)
    .map(({ body }) => JSON.parse(body) as KubeObject)
    .filter(isWhole)
  const newest = new Map(applied.map((object) => [keyOf(object), object]))
  for (const [file] of FILES) {
    const objects = [...newest.values()].filter((object) => fileOf(object) === file)
    // As JSON: kubectl reads YAML 1.1, in which a text such as "yes" would need quotes.
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    await writeFile(join(dir, 'manifests', `${file}.yaml`), objects.length === 0 ? '' : list)
  }
  const constraints = [...newest.values()].filter((object) => fileOf(object) === 'constraints')
  const crds = constraints.map(({ kind }) => `${kind.toLowerCase()}.constraints.gatekeeper.sh`)
  await writeFile(join(dir, 'constraint-kinds'), `${crds.join('\n')}\n`)
  const releases = await releasesOf(world)
  for (const { name, config } of releases) await writeFile(valuesFile(dir, name), JSON.stringify(config, null, 2))
  const lines = releases.map(({ name, namespace, chart }) => `${name} ${namespace} ${chart.metadata.name}`)
  await writeFile(join(dir, 'releases'), `${lines.join('\n')}\n`)
  await writeFile(join(dir, 'helmfile.yaml'), stringify(helmfileOf(world, releases)))
  await recordAws(dir, aws.seen)
  return dir
}

const valuesFile = (recorded: string, release: string): string => join(recorded, 'values', `${release}.json`)

/** The recording with one value of a release changed, beside it. */
export async function changed(recorded: string, name: string, release: string, values: object): Promise<string> {
  const dir = `${recorded}-${name}`
  await cp(recorded, dir, { recursive: true })
  await writeFile(valuesFile(dir, release), JSON.stringify(values, null, 2))
  return dir
}

const keyOf = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`

function fileOf(object: KubeObject): string {
  const found = FILES.find(([, fits]) => fits(object))
  if (!found) throw new Error(`no contender would apply ${keyOf(object)}`)
  return found[0]
}

/** Releases as their newest Secrets hold them. */
export async function releasesOf({ at }: BenchWorld): Promise<readonly Release[]> {
  const found = await at.kube.list({ apiVersion: 'v1', kind: 'Secret', labelSelector: 'owner=helm,status=deployed' })
  return found.map(({ data }) => {
    const text = Buffer.from((data as { release: string }).release, 'base64').toString('utf8')
    return JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString('utf8')) as Release
  })
}

const NEEDS: Readonly<Record<string, readonly string[]>> = {
  redis: ['external-secrets'],
  litellm: ['redis'],
  'open-webui': ['litellm'],
  'kube-prometheus': ['external-secrets'],
}

/** Functions of lib.sh that follow a release. */
const AFTERWARDS: Readonly<Record<string, readonly string[]>> = {
  'external-secrets': ['store', 'sync_secrets'],
  gatekeeper: ['policies'],
  'kube-prometheus': ['monitored'],
}

const CONTENDERS = fileURLToPath(new URL('contenders', import.meta.url))

function helmfileOf({ connection }: BenchWorld, releases: readonly Release[]): unknown {
  const inNamespace = (name: string) => `${releases.find((release) => release.name === name)?.namespace}/${name}`
  return {
    helmDefaults: { wait: true, timeout: TIMEOUT_S },
    releases: releases.map(({ name, namespace, chart }) => ({
      name,
      namespace,
      chart: join(connection.dir, 'charts', chart.metadata.name),
      values: [`values/${name}.json`],
      needs: (NEEDS[name] ?? []).map(inNamespace),
      hooks: (AFTERWARDS[name] ?? []).map((step) => ({
        events: ['postsync'],
        command: join(CONTENDERS, 'helmfile.sh'),
        args: [step],
      })),
    })),
  }
}

async function recordAws(dir: string, seen: readonly Seen[]): Promise<void> {
  const secrets: string[] = []
  for (const { operation, body } of seen) {
    const form = new URLSearchParams(body)
    const role = join(dir, 'roles', form.get('RoleName') ?? '')
    if (operation === 'CreateSecret') secrets.push((JSON.parse(body) as { Name: string }).Name)
    if (operation === 'CreateRole') await mkdir(role, { recursive: true })
    if (operation === 'CreateRole')
      await writeFile(join(role, 'trust.json'), form.get('AssumeRolePolicyDocument') ?? '')
    if (operation === 'PutRolePolicy') await writeFile(join(role, 'policy.json'), form.get('PolicyDocument') ?? '')
  }
  await writeFile(join(dir, 'secrets'), `${secrets.join('\n')}\n`)
}
