import type { Cause } from '../../src/engine/step.ts'
import type { KubeObject, ObjectRef } from '../../src/ports/index.ts'
import { storeRef } from '../external-secrets/store-object.ts'
import { ROLE_ANNOTATION } from '../names.ts'
import { aboutOf, nameOf, type Rule, refTo, type Scene } from './scene.ts'

const OPERATOR_API = 'external-secrets.io/v1'

interface SyncSpec {
  readonly target?: { readonly name?: string }
  readonly secretStoreRef?: { readonly name: string; readonly kind?: string }
  readonly data?: readonly { readonly remoteRef: { readonly key: string; readonly property?: string } }[]
}

const specOf = ({ spec }: KubeObject): SyncSpec => (spec ?? {}) as SyncSpec

/** A Secret that is not there, or lacks a key: what the ExternalSecret that makes it says. */
export const syncOfSecret: Rule = async (cause, scene) => {
  const { about } = cause
  if (about?.kind !== 'Secret') return undefined
  const query = { apiVersion: OPERATOR_API, kind: 'ExternalSecret', namespace: about.namespace }
  const syncs = await scene.kube.list(query, scene.signal)
  const sync = syncs.find((one) => (specOf(one).target?.name ?? one.metadata.name) === about.name)
  if (sync === undefined) return unmade(about, scene)
  const [health] = await scene.readiness.look([refTo(sync)], scene.signal)
  if (health?.health === 'failed') return health.cause
  if (health?.health !== 'progressing') return undefined
  return {
    code: 'SecretNotSynced',
    message: `${nameOf(refTo(sync))} is ${health.waitingFor}`,
    hint: 'llmgw deploy external-secrets',
    about: aboutOf(refTo(sync)),
  }
}

/** Nothing makes it: a wanted one is made by our own step. */
function unmade(about: ObjectRef, { config }: Scene): Cause | undefined {
  const wanted = config.secrets.synced.some(
    ({ name, namespace }) => name === about.name && config.namespaces[namespace] === about.namespace,
  )
  if (!wanted) return undefined
  return {
    code: 'SyncMissing',
    message: `no ExternalSecret makes ${nameOf(about)}, and the configuration wants one`,
    hint: 'llmgw deploy external-secrets',
    about: aboutOf({ ...about, apiVersion: OPERATOR_API, kind: 'ExternalSecret' }),
  }
}

/** A sync that fails: its store, the role behind it, or the remote secret. */
export const rootOfSync: Rule = async (cause, scene) => {
  if (cause.about?.kind !== 'ExternalSecret' || cause.code !== 'SecretNotSynced') return undefined
  const sync = await scene.kube.find(cause.about, scene.signal)
  if (sync === undefined) return undefined
  return (
    (await brokenStore(sync, scene)) ??
    (await absentRemote(sync, cause, scene)) ??
    absentKey(sync, cause, scene) ??
    roleOf(cause, scene)
  )
}

async function brokenStore(sync: KubeObject, scene: Scene): Promise<Cause | undefined> {
  const { name } = specOf(sync).secretStoreRef ?? {}
  if (name === undefined) return undefined
  const ref = { ...storeRef(scene), name }
  const [health] = await scene.readiness.look([ref], scene.signal)
  if (health?.health === 'failed') return health.cause
  if (health?.health !== 'absent') return undefined
  return {
    code: 'StoreMissing',
    message: `${nameOf(ref)}, from which ${nameOf(refTo(sync))} reads, is not there`,
    hint: 'llmgw deploy external-secrets',
    about: aboutOf(ref),
  }
}

/** The operator's own words do not always tell which of the remote secrets is not there. */
async function absentRemote(sync: KubeObject, cause: Cause, scene: Scene): Promise<Cause | undefined> {
  const keys = [...new Set((specOf(sync).data ?? []).map(({ remoteRef }) => remoteRef.key))]
  for (const key of keys) {
    const remote = await scene.secretsManager.describe(key, scene.signal)
    if (remote !== undefined && remote.deletedAt === undefined) continue
    const state = remote === undefined ? 'is not in AWS Secrets Manager' : 'is pending deletion in AWS Secrets Manager'
    return {
      code: remote === undefined ? 'RemoteSecretMissing' : 'SecretPendingDeletion',
      message: `secret ${key} ${state}, so ${nameOf(refTo(sync))} cannot sync`,
      evidence: [cause.message, ...(cause.evidence ?? [])],
      hint: remote === undefined ? 'llmgw deploy secrets' : 'llmgw deploy secrets --restore-secrets',
    }
  }
  return undefined
}

/** Source of the words: external-secrets, providers/v1/aws/secretsmanager/secretsmanager.go. */
const NO_KEY = /key (\S+) does not exist in secret (\S+?)[,.]?(?=\s|$)/

/** The secret is there, and its JSON lacks what is asked for, or it is no JSON. */
function absentKey(sync: KubeObject, cause: Cause, { config }: Scene): Cause | undefined {
  const [, key, secret] = NO_KEY.exec([cause.message, ...(cause.evidence ?? [])].join('\n')) ?? []
  if (key === undefined || secret === undefined) return undefined
  // In a bundle the configuration itself asks for keys.
  const components = `llmgw deploy ${config.secrets.layout === 'bundle' ? 'secrets ' : ''}external-secrets`
  return {
    code: 'RemoteKeyMissing',
    message: `secret ${secret} has no key "${key}" in its JSON, which ${nameOf(refTo(sync))} asks for`,
    evidence: [cause.message, ...(cause.evidence ?? [])],
    hint: `see what asks for it: kubectl get externalsecret ${sync.metadata.name} -n ${sync.metadata.namespace} -o yaml; back to what the configuration wants: ${components}`,
    about: aboutOf(refTo(sync)),
  }
}

const DENIED = /AccessDenied|not authorized/i

/** AWS refuses the operator: what differs in its role. */
const roleOf = (cause: Cause, { observations, config }: Scene): Cause | undefined => {
  if (!DENIED.test([cause.message, ...(cause.evidence ?? [])].join('\n'))) return undefined
  const seen = observations.get('irsa-external-secrets')
  const role = `IAM role ${config.irsa.externalSecrets.roleName}`
  if (seen?.state === 'broken' || seen?.state === 'unknown') return seen.cause
  if (seen?.state !== 'missing' && seen?.state !== 'drifted') return undefined
  const what =
    seen.state === 'missing'
      ? 'is not there'
      : `is not as wanted: ${seen.changes.map(({ target }) => target).join(', ')}`
  return {
    code: 'RoleDiffers',
    message: `${role}, with which External Secrets reads, ${what}`,
    evidence: [cause.message, ...(cause.evidence ?? [])],
    hint: 'llmgw deploy irsa',
  }
}

/** A store that cannot reach AWS: the role, or the service account that names it. */
export const rootOfStore: Rule = async (cause, scene) => {
  if (cause.code !== 'SecretStoreInvalid') return undefined
  return (await missingAccount(cause, scene)) ?? (await unnamedRole(cause, scene)) ?? roleOf(cause, scene)
}

interface StoreSpec {
  readonly provider?: {
    readonly aws?: {
      readonly auth?: {
        readonly jwt?: { readonly serviceAccountRef?: { readonly name: string; readonly namespace?: string } }
      }
    }
  }
}

/** The store names a service account, which may be another than the configuration's. */
async function missingAccount(cause: Cause, scene: Scene): Promise<Cause | undefined> {
  const store = cause.about && (await scene.kube.find(cause.about, scene.signal))
  const named = (store?.spec as StoreSpec | undefined)?.provider?.aws?.auth?.jwt?.serviceAccountRef
  if (store === undefined || named === undefined) return undefined
  const namespace = named.namespace ?? store.metadata.namespace
  const ref = { apiVersion: 'v1', kind: 'ServiceAccount', name: named.name, namespace }
  if ((await scene.kube.find(ref, scene.signal)) !== undefined) return undefined
  return {
    code: 'ServiceAccountMissing',
    message: `${nameOf(ref)}, whose token ${nameOf(refTo(store))} takes, is not there`,
    evidence: [cause.message, ...(cause.evidence ?? [])],
    hint: 'llmgw deploy external-secrets',
    about: aboutOf(ref),
  }
}

async function unnamedRole(cause: Cause, scene: Scene): Promise<Cause | undefined> {
  const { serviceAccount, roleName } = scene.config.irsa.externalSecrets
  const ref = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    name: serviceAccount,
    namespace: scene.config.namespaces.secrets,
  }
  const account = await scene.kube.find(ref, scene.signal)
  const arn = account?.metadata.annotations?.[ROLE_ANNOTATION]
  if (account !== undefined && arn?.endsWith(`:role/${roleName}`)) return undefined
  const what = account === undefined ? 'is not there' : `names ${arn ?? 'no role'}, expected ${roleName}`
  return {
    code: 'RoleNotNamed',
    message: `${nameOf(ref)}, with whose token External Secrets takes its role, ${what}`,
    evidence: [cause.message, ...(cause.evidence ?? [])],
    hint: 'llmgw deploy external-secrets',
    about: aboutOf(ref),
  }
}
