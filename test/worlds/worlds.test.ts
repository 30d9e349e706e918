import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { KubeObject, ObjectRef, PolicyDocument } from '../../src/ports/index.ts'
import { useDeployedSandbox } from '../e2e/world/deployed.ts'
import { REMOTE_SECRETS, ROLES } from '../e2e/world/platform.ts'
import { snapshot } from '../e2e/world/snapshot.ts'
import { until } from '../sandbox-aws/kube.ts'

const sandbox = useDeployedSandbox('worlds', { deploy: true })
const [, reader = ''] = ROLES

const POD: ObjectRef = { apiVersion: 'v1', kind: 'Pod', namespace: 'litellm', name: 'redis-redis-ha-server-0' }
const SET: ObjectRef = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  namespace: 'litellm',
  name: 'redis-redis-ha-server',
}
const ESO = 'external-secrets.io/v1'
const SYNC: ObjectRef = { apiVersion: ESO, kind: 'ExternalSecret', namespace: 'litellm', name: 'redis-credentials' }
const STORE: ObjectRef = { apiVersion: ESO, kind: 'ClusterSecretStore', name: 'aws-secrets-manager' }
const ACCOUNT: ObjectRef = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  namespace: 'external-secrets',
  name: 'external-secrets',
}
const REMOTE = 'litellm/redis-password'

const at = () => sandbox.at
const seen = async (what: string, holds: () => Promise<boolean>) =>
  await until(what, async () => ((await holds()) ? true : undefined), 90_000)

/** Takes a pod away, so that its controller has to make it anew. */
async function evict(): Promise<void> {
  const before = await at().kube.find(POD)
  await at().kube.remove(POD)
  await seen('the pod gone', async () => (await at().kube.find(POD))?.metadata.uid !== before?.metadata.uid)
}

const refused = () =>
  seen('pods refused', async () => {
    const events = await at().kube.list({ apiVersion: 'v1', kind: 'Event', namespace: 'litellm' })
    const since = Date.now() - 60_000
    return events.some(
      (event) =>
        event.reason === 'FailedCreate' &&
        (event.involvedObject as { name?: string }).name === SET.name &&
        Date.parse(String(event.lastTimestamp ?? '')) > since,
    )
  })

const touch = (ref: ObjectRef) =>
  at().kube.patch(ref, { metadata: { annotations: { 'force-sync': String(Date.now()) } } })

const failing = (ref: ObjectRef) =>
  seen(`${ref.kind} failing`, async () => {
    const { conditions = [] } = ((await at().kube.find(ref))?.status ?? {}) as {
      conditions?: { type: string; status: string }[]
    }
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'False')
  })

async function nodes(unschedulable: boolean): Promise<void> {
  for (const { metadata } of await at().kube.list({ apiVersion: 'v1', kind: 'Node' }))
    await at().kube.patch({ apiVersion: 'v1', kind: 'Node', name: metadata.name }, { spec: { unschedulable } })
}

const faults = (entries: readonly object[]) =>
  writeFile(join(sandbox.connection.dir, 'aws', 'faults.json'), JSON.stringify(entries))

async function documents(): Promise<{ trust: PolicyDocument; inline: Readonly<Record<string, PolicyDocument>> }> {
  const found = await at().aws.iam.findRole(reader)
  if (!found) throw new Error(`there is no role ${reader}`)
  return found
}

interface Recorded {
  version: number
  info: { status: string }
}

/** A further revision, as a helm leaves it that died in the middle: base64 of gzip JSON in the Secret's data. Source: helm.sh/helm/v4/pkg/storage/driver, encodeRelease. */
async function diedWhile(status: string): Promise<void> {
  const kind = { apiVersion: 'v1', kind: 'Secret' }
  const records = await at().kube.list({ ...kind, labelSelector: 'owner=helm,name=redis,status=deployed' })
  const [last] = records
  if (!last) throw new Error('there is no release of Redis')
  const encoded = Buffer.from((last.data as { release: string }).release, 'base64').toString('utf8')
  const release = JSON.parse(gunzipSync(Buffer.from(encoded, 'base64')).toString('utf8')) as Recorded
  const next = { ...release, version: release.version + 1, info: { ...release.info, status } }
  const body = gzipSync(JSON.stringify(next)).toString('base64')
  await at().kube.create({
    ...kind,
    metadata: {
      name: `sh.helm.release.v1.redis.v${next.version}`,
      namespace: 'litellm',
      labels: { ...last.metadata.labels, status, version: String(next.version) },
    },
    type: 'helm.sh/release.v1',
    data: { release: Buffer.from(body).toString('base64') },
  })
}

interface World {
  readonly name: string
  readonly make: () => Promise<unknown>
  readonly undo?: () => Promise<unknown>
  readonly component?: string
  readonly exit?: number
  readonly code: string
  readonly root: RegExp
  /** The test cannot look either, while it is so. */
  readonly blind?: boolean
  /** What a deploy needs to mend it, beyond `--yes`. */
  readonly flags?: string
}

const HELD = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'monitoring', name: 'held' }
const QUOTA = { apiVersion: 'v1', kind: 'ResourceQuota', namespace: 'litellm', name: 'small' }
const HOOK = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  name: 'left-over',
}
const SERVICE = { apiVersion: 'v1', kind: 'Service', namespace: 'litellm', name: 'redis-redis-ha-haproxy' }
const objectOf = ({ name, namespace, ...kind }: ObjectRef, rest: object = {}): KubeObject => ({
  ...kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  ...rest,
})

const WORLDS: readonly World[] = [
  {
    name: 'every node is cordoned',
    make: async () => {
      await nodes(true)
      await evict()
    },
    undo: () => nodes(false),
    code: 'NoNode',
    root: /all \d+ nodes are cordoned, so Pod litellm\/redis-redis-ha-server-0 finds none/,
  },
  {
    name: 'a quota is exhausted',
    make: async () => {
      await at().kube.apply(objectOf(QUOTA, { spec: { hard: { pods: '0' } } }))
      await seen('the quota in force', async () => (await at().kube.find(QUOTA))?.status !== undefined)
      await evict()
      await refused()
    },
    undo: () => at().kube.remove(QUOTA),
    code: 'QuotaExceeded',
    root: /quota small of namespace litellm is exhausted: requested: pods=1/,
  },
  {
    name: 'an admission webhook whose server is gone',
    make: async () => {
      await at().kube.apply(
        objectOf(HOOK, {
          webhooks: [
            {
              name: 'pods.left-over.example.com',
              admissionReviewVersions: ['v1'],
              sideEffects: 'None',
              failurePolicy: 'Fail',
              clientConfig: { service: { name: 'gone', namespace: 'tools' } },
              rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'litellm' } },
            },
          ],
        }),
      )
      await evict()
      await refused()
    },
    undo: () => at().kube.remove(HOOK),
    code: 'WebhookUnserved',
    root: /admission webhook "pods\.left-over\.example\.com" .* Service tools\/gone, which should answer it, is gone/,
  },
  {
    name: 'a secret is not in AWS',
    make: async () => {
      await at().aws.secretsManager.purge(REMOTE)
      await touch(SYNC)
      await failing(SYNC)
    },
    component: 'external-secrets',
    code: 'RemoteSecretMissing',
    root: /secret litellm\/redis-password is not in AWS Secrets Manager/,
  },
  {
    name: 'a secret is pending deletion in AWS',
    make: async () => {
      await at().aws.secretsManager.scheduleDeletion(REMOTE, 7)
      await touch(SYNC)
      await failing(SYNC)
    },
    component: 'external-secrets',
    code: 'SecretPendingDeletion',
    root: /secret litellm\/redis-password is scheduled for deletion/,
    flags: '--restore-secrets',
  },
  {
    name: 'the policy of the role lacks a secret',
    make: async () => {
      const [[name, document] = []] = Object.entries((await documents()).inline)
      if (!name || !document) throw new Error('the role has no policy')
      const without = JSON.parse(JSON.stringify(document), (_key, value) =>
        Array.isArray(value) ? value.filter((entry) => !String(entry).includes(REMOTE)) : value,
      )
      await at().aws.iam.putInlinePolicy(reader, name, without)
      await touch(SYNC)
      await failing(SYNC)
    },
    code: 'RoleDiffers',
    root: /IAM role llmgw-sandbox-external-secrets, with which External Secrets reads, is not as wanted/,
  },
  {
    name: 'the trust policy names another service account',
    make: async () => {
      const { trust } = await documents()
      const sub = 'system:serviceaccount:external-secrets:'
      const wrong = JSON.parse(JSON.stringify(trust).replaceAll(`${sub}external-secrets`, `${sub}other`))
      await at().aws.iam.updateTrust(reader, wrong)
      await touch(STORE)
      await failing(STORE)
    },
    code: 'RoleDiffers',
    root: /IAM role llmgw-sandbox-external-secrets, .* is not as wanted/,
  },
  {
    name: 'the service account names no role',
    make: async () => {
      await at().kube.patch(ACCOUNT, { metadata: { annotations: { 'eks.amazonaws.com/role-arn': null } } })
      await touch(STORE)
      await failing(STORE)
    },
    component: 'external-secrets',
    code: 'RoleNotNamed',
    root: /ServiceAccount external-secrets\/external-secrets, .* names no role/,
    flags: '--deep',
  },
  {
    name: 'a release was left pending by a helm that died',
    make: () => diedWhile('pending-upgrade'),
    component: 'redis',
    code: 'ReleasePending',
    root: /helm release litellm\/redis is pending-upgrade/,
  },
  {
    name: 'a namespace cannot end',
    make: async () => {
      await at().kube.apply(
        objectOf(HELD, { metadata: { name: HELD.name, namespace: HELD.namespace, finalizers: ['example.com/held'] } }),
      )
      await at().kube.remove({ apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' })
      await seen('the namespace held', async () => {
        const { conditions = [] } = ((await at().kube.find({ apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' }))
          ?.status ?? {}) as {
          conditions?: { type: string; status: string }[]
        }
        return conditions.some(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True')
      })
    },
    undo: async () => {
      await at().kube.patch(HELD, { metadata: { finalizers: null } })
      await seen(
        'the namespace gone',
        async () => (await at().kube.find({ apiVersion: 'v1', kind: 'Namespace', name: 'monitoring' })) === undefined,
      )
    },
    component: 'namespaces',
    code: 'NamespaceHeld',
    root: /namespace monitoring cannot end: it waits for finalizers that nobody removes/,
  },
  {
    name: 'a Service leads to no pod',
    make: async () => {
      await at().kube.patch(SERVICE, { spec: { selector: { app: 'nobody' } } })
      await seen('no endpoints', async () => {
        const slices = await at().kube.list({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          namespace: 'litellm',
          labelSelector: `kubernetes.io/service-name=${SERVICE.name}`,
        })
        return slices.every(({ endpoints }) => ((endpoints as unknown[] | null) ?? []).length === 0)
      })
    },
    component: 'redis',
    code: 'NoEndpoints',
    root: /Service litellm\/redis-redis-ha-haproxy leads to no pod/,
    flags: '--deep',
  },
  {
    name: 'the AWS session has expired',
    make: () => faults([{ service: 'secretsmanager', fault: 'expired' }]),
    undo: () => faults([]),
    blind: true,
    component: 'secrets',
    exit: 3,
    code: 'AwsExpired',
    root: /expired/i,
  },
  {
    name: 'AWS throttles',
    make: () => faults([{ service: 'iam', action: 'GetRole', fault: 'throttled' }]),
    undo: () => faults([]),
    blind: true,
    component: 'irsa',
    exit: 3,
    code: 'AwsThrottled',
    root: /throttl|too many/i,
  },
]

describe.sequential('in a world in which', () => {
  test.each(WORLDS)(
    '$name',
    async ({ make, undo, blind = false, component = '', exit = 1, code, root, flags = '' }) => {
      const sound = await sandbox.run('diagnose --output json')
      expect([sound.code, JSON.parse(sound.stdout).root], sound.output).toEqual([0, null])
      const sight = () => snapshot(at(), { roles: ROLES, secrets: REMOTE_SECRETS })
      const sighted = blind ? await sight() : undefined
      await make()
      const before = sighted ?? (await sight())
      const told = await sandbox.run(`diagnose ${component} --output json`.replace('  ', ' '))
      if (blind) await undo?.()
      expect(await sight()).toEqual(before)
      const report = JSON.parse(told.stdout) as { root: { code: string; message: string; hint?: string } | null }
      await undo?.()
      const mended = await sandbox.run(`deploy all --yes ${flags}`.trim())
      expect(report.root, told.output).toMatchObject({
        code,
        message: expect.stringMatching(root),
        hint: expect.any(String),
      })
      expect(told.code, told.output).toBe(exit)
      expect(mended.code, mended.output).toBe(0)
    },
  )
})
