import type { ObjectRef, PolicyDocument } from '../../../src/ports/index.ts'
import { ROLES } from '../../e2e/world/platform.ts'
import { conditionIs } from '../acts.ts'
import type { Stage, World } from '../world.ts'

const [, reader = ''] = ROLES
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
const ROLE_ARN = 'eks.amazonaws.com/role-arn'

/** Makes the operator look again now, as it does by itself after its interval, and waits until it has failed. */
async function failing(stage: Stage, ref: ObjectRef): Promise<void> {
  await stage.at.kube.patch(ref, { metadata: { annotations: { 'force-sync': String(Date.now()) } } })
  await conditionIs(stage, ref, 'Ready', 'False')
}

async function documents({
  at,
}: Stage): Promise<{ trust: PolicyDocument; inline: Readonly<Record<string, PolicyDocument>> }> {
  const found = await at.aws.iam.findRole(reader)
  if (!found) throw new Error(`there is no role ${reader}`)
  return found
}

/** Secrets that do not come from AWS into the cluster. */
export const syncWorlds: readonly World[] = [
  {
    name: 'a secret is not in AWS',
    make: async (stage) => {
      await stage.at.aws.secretsManager.purge(REMOTE)
      await failing(stage, SYNC)
    },
    command: 'diagnose external-secrets',
    exit: 1,
    code: 'RemoteSecretMissing',
    root: /secret litellm\/redis-password is not in AWS Secrets Manager/,
    hint: /llmgw.* deploy secrets/,
  },
  {
    name: 'a secret is pending deletion in AWS',
    make: async (stage) => {
      await stage.at.aws.secretsManager.scheduleDeletion(REMOTE, 7)
      await failing(stage, SYNC)
    },
    command: 'diagnose external-secrets',
    mend: '--restore-secrets',
    exit: 1,
    code: 'SecretPendingDeletion',
    root: /secret litellm\/redis-password is scheduled for deletion/,
  },
  {
    name: 'the policy of the role lacks a secret',
    make: async (stage) => {
      const [[name, document] = []] = Object.entries((await documents(stage)).inline)
      if (!name || !document) throw new Error('the role has no policy')
      const without = JSON.parse(JSON.stringify(document), (_key, value) =>
        Array.isArray(value) ? value.filter((entry) => !String(entry).includes(REMOTE)) : value,
      )
      await stage.at.aws.iam.putInlinePolicy(reader, name, without)
      await failing(stage, SYNC)
    },
    exit: 1,
    code: 'RoleDiffers',
    root: /IAM role llmgw-sandbox-external-secrets, with which External Secrets reads, is not as wanted/,
    hint: /llmgw.* deploy irsa/,
  },
  {
    name: 'a sync asks for a key that is not in the JSON of its secret',
    make: async (stage) => {
      const sync = await stage.at.kube.find(SYNC)
      const { data = [] } = (sync?.spec ?? {}) as { data?: { remoteRef: object }[] }
      const asking = data.map((one) => ({ ...one, remoteRef: { ...one.remoteRef, property: 'pass-word' } }))
      await stage.at.kube.patch(SYNC, { spec: { data: asking } })
      await failing(stage, SYNC)
    },
    exit: 1,
    code: 'RemoteKeyMissing',
    root: /secret litellm\/redis-password has no key "pass-word" in its JSON, which ExternalSecret litellm\/redis-credentials asks for/,
  },
  {
    name: 'the store takes the token of a service account that is not there',
    make: async (stage) => {
      const store = await stage.at.kube.find(STORE)
      const spec = JSON.parse(JSON.stringify(store?.spec), (key, value) =>
        key === 'serviceAccountRef' ? { ...value, name: 'renamed' } : value,
      )
      await stage.at.kube.patch(STORE, { spec })
      await failing(stage, STORE)
    },
    exit: 1,
    code: 'ServiceAccountMissing',
    root: /ServiceAccount external-secrets\/renamed, whose token ClusterSecretStore aws-secrets-manager takes, is not there/,
  },
  {
    name: 'the trust policy names another service account',
    make: async (stage) => {
      const sub = 'system:serviceaccount:external-secrets:'
      const { trust } = await documents(stage)
      const wrong = JSON.parse(JSON.stringify(trust).replaceAll(`${sub}external-secrets`, `${sub}other`))
      await stage.at.aws.iam.updateTrust(reader, wrong)
      await failing(stage, STORE)
    },
    exit: 1,
    code: 'RoleDiffers',
    root: /IAM role llmgw-sandbox-external-secrets, .* is not as wanted: .*trust/,
  },
  {
    name: 'the service account names no role',
    make: async (stage) => {
      await stage.at.kube.patch(ACCOUNT, { metadata: { annotations: { [ROLE_ARN]: null } } })
      await failing(stage, STORE)
    },
    command: 'diagnose external-secrets',
    mend: '--deep',
    exit: 1,
    code: 'RoleNotNamed',
    root: /ServiceAccount external-secrets\/external-secrets, .* names no role/,
  },
  {
    name: 'the service account names the role of something else',
    make: async (stage) => {
      const account = await stage.at.kube.find(ACCOUNT)
      const wrong = account?.metadata.annotations?.[ROLE_ARN]?.replace('external-secrets', 'gateway')
      await stage.at.kube.patch(ACCOUNT, { metadata: { annotations: { [ROLE_ARN]: wrong } } })
      await failing(stage, STORE)
    },
    command: 'diagnose external-secrets',
    mend: '--deep',
    exit: 1,
    code: 'RoleNotNamed',
    root: /ServiceAccount external-secrets\/external-secrets, .* names arn:\S+:role\/llmgw-sandbox-gateway, expected llmgw-sandbox-external-secrets/,
  },
]
