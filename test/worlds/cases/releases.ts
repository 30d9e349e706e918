import { gunzipSync, gzipSync } from 'node:zlib'
import type { KubeObject, ObjectRef } from '../../../src/ports/index.ts'
import { seen } from '../acts.ts'
import type { Stage, World } from '../world.ts'

const SECRET = { apiVersion: 'v1', kind: 'Secret' }

interface Recorded {
  readonly version: number
  readonly info: Readonly<Record<string, unknown>>
}

/** Helm's records: base64 of gzip JSON in the Secret's data. Source: helm.sh/helm/v4/pkg/storage/driver, encodeRelease. */
const decoded = ({ data }: KubeObject): Recorded => {
  const encoded = Buffer.from((data as { release: string }).release, 'base64').toString('utf8')
  return JSON.parse(gunzipSync(Buffer.from(encoded, 'base64')).toString('utf8')) as Recorded
}
const encoded = (release: Recorded): string =>
  Buffer.from(gzipSync(JSON.stringify(release)).toString('base64')).toString('base64')

const records = ({ at }: Stage) =>
  at.kube.list({ ...SECRET, namespace: 'litellm', labelSelector: 'owner=helm,name=redis' })

async function newest(stage: Stage): Promise<KubeObject> {
  const found = [...(await records(stage))].sort((one, other) => decoded(other).version - decoded(one).version)
  const [first] = found
  if (!first) throw new Error('there is no release of Redis')
  return first
}

/** A further revision, as a helm leaves it that died in the middle, hours ago. */
async function leftAs(stage: Stage, status: string, description: string): Promise<void> {
  const last = await newest(stage)
  const release = decoded(last)
  const version = release.version + 1
  const next = { ...release, version, info: { ...release.info, status, description } }
  await stage.at.kube.create({
    ...SECRET,
    metadata: {
      name: `sh.helm.release.v1.redis.v${version}`,
      namespace: 'litellm',
      labels: { ...last.metadata.labels, status, version: String(version) },
    },
    type: 'helm.sh/release.v1',
    data: { release: encoded(next) },
  })
}

/** The only revision, as a helm leaves it that died in the first installation. */
async function firstInstall(stage: Stage): Promise<void> {
  const last = await newest(stage)
  const release = decoded(last)
  for (const { metadata } of await records(stage))
    await stage.at.kube.remove({ ...SECRET, namespace: 'litellm', name: metadata.name })
  await stage.at.kube.create({
    ...SECRET,
    metadata: {
      name: 'sh.helm.release.v1.redis.v1',
      namespace: 'litellm',
      labels: { ...last.metadata.labels, status: 'pending-install', version: '1' },
    },
    type: 'helm.sh/release.v1',
    data: {
      release: encoded({
        ...release,
        version: 1,
        info: { ...release.info, status: 'pending-install', description: 'Initial install underway' },
      }),
    },
  })
}

/** A helm that was ended in the middle of an uninstall marks the newest revision itself. */
async function halfUninstalled(stage: Stage): Promise<void> {
  const last = await newest(stage)
  const release = decoded(last)
  const info = { ...release.info, status: 'uninstalling', description: 'Deletion in progress (or silently failed)' }
  const hourAgo = String(Math.floor(Date.now() / 1000) - 3600)
  const hourAgoIso = new Date(Date.now() - 3_600_000).toISOString()
  await stage.at.kube.patch(
    { ...SECRET, namespace: 'litellm', name: last.metadata.name },
    {
      metadata: { labels: { status: 'uninstalling', modifiedAt: hourAgo } },
      data: { release: encoded({ ...release, info: { ...info, last_deployed: hourAgoIso } }) },
    },
  )
  await stage.at.kube.remove(DEPLOYMENT)
  await seen('the proxy gone', async () => (await stage.at.kube.find(DEPLOYMENT)) === undefined)
}

const DEPLOYMENT: ObjectRef = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: 'litellm',
  name: 'redis-redis-ha-haproxy',
}

/** The revision that was stuck is still in the history, as failed; Helm calls a first one superseded by what follows. */
async function keptAsFailed(stage: Stage): Promise<void> {
  const all = (await records(stage)).map(decoded)
  const told = all.filter(({ info }) => info.status === 'failed' || /^Marked failed/.test(String(info.description)))
  if (told.length === 0) {
    throw new Error(`no failed revision is kept: ${all.map(({ version, info }) => `${version} ${info.status}`)}`)
  }
}

const told = (status: string) => ({
  command: 'diagnose redis',
  exit: 1,
  root: new RegExp(`helm release litellm/redis is ${status} in revision \\d+`),
  hint: /llmgw.* deploy redis/,
})

/** Releases that were left half done. */
export const releaseWorlds: readonly World[] = [
  {
    ...told('pending-install'),
    name: 'a helm died in the first installation',
    make: firstInstall,
    after: keptAsFailed,
    code: 'ReleasePending',
  },
  {
    ...told('pending-upgrade'),
    name: 'a helm died in an upgrade',
    make: (stage) => leftAs(stage, 'pending-upgrade', 'Preparing upgrade'),
    after: keptAsFailed,
    code: 'ReleasePending',
  },
  {
    ...told('pending-rollback'),
    name: 'a helm died in a rollback',
    make: (stage) => leftAs(stage, 'pending-rollback', 'Rollback to 1'),
    after: keptAsFailed,
    code: 'ReleasePending',
  },
  {
    ...told('failed'),
    name: 'an upgrade failed and was left so',
    make: (stage) => leftAs(stage, 'failed', 'Upgrade "redis" failed: timed out waiting for the condition'),
    after: keptAsFailed,
    code: 'ReleaseFailed',
  },
  {
    ...told('uninstalling'),
    name: 'a helm died in an uninstall',
    make: halfUninstalled,
    code: 'ReleaseUninstalling',
  },
  {
    name: 'a value changes a field that cannot be changed in place',
    make: async () => undefined,
    command: 'deploy redis',
    touches: /litellm\/(redis|sh\.helm\.release\.v1\.redis)/,
    settings: { components: { redis: { values: { persistentVolume: { storageClass: 'io2' } } } } },
    exit: 1,
    code: 'HelmImmutableField',
    root: /release litellm\/redis changes spec\.volumeClaimTemplates\S*storageClassName of StatefulSet redis-redis-ha-server, which cannot be changed in place/,
    hint: /kubectl delete statefulset redis-redis-ha-server -n litellm --cascade=orphan/,
  },
]
