import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { parse, stringify } from 'yaml'
import { Secret } from '../../../src/secret.ts'
import { SYNCED } from './platform.ts'
import type { Witness } from './snapshot.ts'

interface ByHand {
  readonly chart: string
  readonly namespace: string
  /** A version to put on the pinned chart, where no older package is at hand. */
  readonly version: string
  readonly values: Readonly<Record<string, unknown>>
}

const claim = (size: string) => ({
  volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } } },
})

const TEAM = { team: 'ops' }
const SMALL = { requests: { cpu: '50m', memory: '64Mi' } }

/** Releases as somebody installs them who read the charts' READMEs: other values than ours, the same sizes of volumes. */
export const BY_HAND: Readonly<Record<string, ByHand>> = {
  'external-secrets': {
    chart: 'external-secrets',
    namespace: 'external-secrets',
    version: '2.8.0',
    values: { installCRDs: true, concurrent: 2, webhook: { replicaCount: 1 } },
  },
  gatekeeper: {
    chart: 'gatekeeper',
    namespace: 'gatekeeper-system',
    version: '3.22.2',
    values: {
      replicas: 1,
      auditInterval: 300,
      postInstall: { labelNamespace: { enabled: false }, probeWebhook: { enabled: false } },
    },
  },
  'kube-prometheus': {
    chart: 'kube-prometheus-stack',
    namespace: 'monitoring',
    version: '88.5.2',
    values: {
      nodeExporter: { enabled: false },
      commonLabels: TEAM,
      prometheus: {
        additionalLabels: TEAM,
        prometheusSpec: {
          retention: '3d',
          retentionSize: '1GB',
          storageSpec: claim('20Gi'),
          podMetadata: { labels: TEAM },
          resources: SMALL,
        },
      },
      alertmanager: {
        additionalLabels: TEAM,
        alertmanagerSpec: { storage: claim('2Gi'), podMetadata: { labels: TEAM }, resources: SMALL },
      },
      grafana: {
        admin: { existingSecret: 'grafana-admin', passwordKey: 'admin-password' },
        env: { GF_SECURITY_ADMIN_USER: 'admin' },
        persistence: { enabled: true, size: '5Gi' },
        initChownData: { enabled: false },
        testFramework: { enabled: false },
      },
    },
  },
  jaeger: {
    chart: 'jaeger',
    namespace: 'monitoring',
    version: '4.11.0',
    values: {
      commonLabels: TEAM,
      jaeger: {
        strategy: { type: 'RollingUpdate' },
        image: { registry: 'docker.io', repository: 'jaegertracing/jaeger', tag: '2.10.0' },
        podLabels: TEAM,
        resources: SMALL,
        extraEnv: [{ name: 'BY', value: 'hand' }],
        extraVolumes: [{ name: 'own', emptyDir: {} }],
        extraVolumeMounts: [{ name: 'own', mountPath: '/own' }],
      },
    },
  },
  redis: {
    chart: 'redis-ha',
    namespace: 'litellm',
    version: '4.38.0',
    values: {
      replicas: 3,
      auth: true,
      existingSecret: 'redis-credentials',
      authKey: 'redis-password',
      hardAntiAffinity: false,
      persistentVolume: { size: '4Gi' },
      redis: { config: { maxmemory: '64mb' } },
      haproxy: { enabled: true, hardAntiAffinity: false },
    },
  },
  litellm: {
    chart: 'litellm',
    namespace: 'litellm',
    version: '0.9.9',
    values: {
      fullnameOverride: 'litellm',
      monolith: { enabled: true },
      image: { repository: 'ghcr.io/berriai/litellm', tag: '1.104.1' },
      masterKey: { secretName: 'litellm-secrets', secretKey: 'master-key' },
      serviceAccounts: { gateway: { create: true, name: 'litellm' } },
      database: {
        writer: {
          host: 'database.example.com',
          dbname: 'litellm',
          passwordSecret: { name: 'litellm-secrets', usernameKey: 'database-url', passwordKey: 'database-url' },
        },
      },
      gateway: {
        replicaCount: 1,
        hpa: { enabled: false },
        config: {
          proxy_config: {
            model_list: [{ model_name: 'own', litellm_params: { model: 'openai/own', api_key: 'none' } }],
          },
        },
      },
    },
  },
  'open-webui': {
    chart: 'open-webui',
    namespace: 'open-webui',
    version: '15.2.1',
    values: {
      ollama: { enabled: false },
      pipelines: { enabled: false },
      openaiBaseApiUrls: ['http://litellm.litellm.svc:4000/v1'],
      openaiApiKeysExistingSecret: 'openwebui-secrets',
      openaiApiKeysExistingSecretKey: 'openai-api-key',
      websocket: { enabled: false, redis: { enabled: false } },
      persistence: { enabled: true, size: '5Gi' },
      extraEnvVars: { WEBUI_NAME: 'by hand' },
    },
  },
}

/** Namespaces and Secrets as somebody makes them by hand, with the same values in Secrets Manager. */
export async function secretsByHand({ kube, aws }: Witness): Promise<void> {
  const namespaces = new Set(Object.values(BY_HAND).map(({ namespace }) => namespace))
  for (const name of namespaces) await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const { namespace, name, keys } of SYNCED) {
    const data: Record<string, string> = {}
    for (const [key, remote] of Object.entries(keys)) data[key] = btoa(await valueByHand({ aws }, remote))
    await kube.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data })
  }
}

/** The value that is there, or one that somebody has chosen. */
async function valueByHand({ aws }: Pick<Witness, 'aws'>, name: string): Promise<string> {
  const there = await aws.secretsManager.value(name).catch(() => undefined)
  if (there !== undefined) return there.value.reveal()
  const value = `sk-chosen-by-hand-${name.replaceAll('/', '-')}`
  const token = `by-hand-${name}`.replaceAll(/\W/g, '-').padEnd(32, '0')
  await aws.secretsManager.create({ name, value: new Secret(value), description: 'by hand', tags: {}, token })
  return value
}

export interface Charts {
  /** Holds the pinned charts, packed or as folders. */
  readonly mirror: string
  /** Holds older packages, where somebody has them. */
  readonly older: string | undefined
  /** For what is made here. */
  readonly folder: string
}

/** The chart of a release in another version than the pinned one: an older package, or the pinned one renamed. */
export async function otherChart(release: string, { mirror, older, folder }: Charts) {
  const { chart, version } = BY_HAND[release] as ByHand
  const packed = (name: string) => new RegExp(`^${chart}-\\d[^/]*\\.tgz$`).test(name)
  const package_ = older === undefined ? undefined : (await readdir(older)).find(packed)
  if (older !== undefined && package_ !== undefined)
    return { path: join(older, package_), version: package_.slice(chart.length + 1, -'.tgz'.length) }
  const home = join(folder, 'charts')
  const path = join(home, chart)
  await mkdir(home, { recursive: true })
  const archive = (await readdir(mirror)).find(packed)
  if (archive === undefined) await cp(join(mirror, chart), path, { recursive: true })
  else await execa('tar', ['xzf', join(mirror, archive), '-C', home])
  const file = join(path, 'Chart.yaml')
  await writeFile(file, stringify({ ...parse(await readFile(file, 'utf8')), version }))
  return { path, version }
}
