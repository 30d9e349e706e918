import { applied } from '../../src/engine/step.ts'
import { StepError } from '../../src/errors.ts'
import type { CacheServer, KubeObject, LlmgwStep, StepContext } from '../../src/ports/index.ts'
import type { Secret } from '../../src/secret.ts'
import { remoteName } from '../names.ts'
import { authorityText, certificateNames } from '../redis/certificate.ts'
import { SERVERS, type Servers, speaksTls } from '../redis/switch.ts'
import { tlsSecret } from '../redis/tls.ts'
import type { VersionOut } from './new-version.ts'

/** Logical name of the password of Redis. */
export const PASSWORD_SECRET = 'redis-password'

type Version = LlmgwStep<VersionOut>

/** A pod that runs, and whether it serves. */
interface Server extends CacheServer {
  readonly isReady: boolean
}

interface Passwords {
  readonly current: Secret
  /** Of the other versions that are kept. */
  readonly others: readonly Secret[]
}

/**
 * A step that has running Redis servers take the current password beside the one they started with, and present it. Servers
 * are replaced one by one: one that knows the current password alone follows no master that refuses it, is not ready
 * without one, and so keeps the next from being replaced. Source: redis-ha chart, redis_readiness.sh.
 */
export function acceptPassword(version: Version): LlmgwStep {
  return {
    id: 'accept-cache-password',
    title: 'Have Redis take the new password',
    component: 'redis',
    needs: [applied(version)],
    off: ({ config: { cache } }) => (cache.kind === 'redis-ha' ? undefined : `cache.kind is ${cache.kind}`),

    async check(ctx) {
      const { current } = await passwordsOf(ctx, await ctx.output(version))
      const looked = await tell(ctx, await serversOf(ctx), async (server) => {
        return (await ctx.cachePasswords.look(server, current, ctx.signal)) === 'presented' ? [] : [server]
      })
      const behind = looked.flat()
      if (behind.length === 0) return { state: 'current', out: undefined }
      const detail = 'take the new password beside the one before'
      const changes = behind.map(
        (server) => ({ action: 'update', target: `redis ${placeOf(server)}`, detail }) as const,
      )
      return { state: 'drifted', changes }
    },

    async apply(ctx) {
      const { current, others } = await passwordsOf(ctx, await ctx.output(version))
      const { cachePasswords, signal } = ctx
      const reached = await tell(ctx, await serversOf(ctx), async (server) => {
        await cachePasswords.accept(server, { added: current, known: others }, signal)
        return server
      })
      // Nobody presents it before everybody takes it. A Sentinel that is not told takes servers that have restarted for down, and
      // finds none to promote. What a server presents goes last, for that is what can be looked at.
      await tell(ctx, reached, (server) => cachePasswords.tellSentinel(server, current, signal))
      await tell(ctx, reached, (server) => cachePasswords.present(server, current, signal))
    },
  }
}

const placeOf = ({ namespace, name }: CacheServer): string => `${namespace}/${name}`

async function passwordsOf(ctx: StepContext, { versionId }: VersionOut): Promise<Passwords> {
  const remote = remoteName(ctx.config, PASSWORD_SECRET)
  const meta = await ctx.secretsManager.describe(remote, ctx.signal)
  const ids = [versionId, ...Object.keys(meta?.versions ?? {}).filter((id) => id !== versionId)]
  const found = await Promise.all(ids.map((id) => ctx.secretsManager.versionValue(remote, id, ctx.signal)))
  const [current, ...others] = found
  if (current === undefined) throw new Error(`${remote} lost its version ${versionId} while it was used`)
  return { current, others: others.filter((one) => one !== undefined) }
}

/** Pods of the StatefulSet that run now; none where Redis is not deployed. */
async function serversOf(ctx: StepContext): Promise<readonly Server[]> {
  const { gateway: namespace } = ctx.config.namespaces
  const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name: SERVERS }
  const [live, pods] = await Promise.all([
    ctx.kube.find(set, ctx.signal),
    ctx.kube.list({ apiVersion: 'v1', kind: 'Pod', namespace }, ctx.signal),
  ])
  if (live === undefined) return []
  const tls = speaksTls(live as Servers) ? await identityOf(ctx) : undefined
  const own = pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === live.metadata.uid))
  return own.filter(isRunning).map((pod) => {
    const server = { namespace, name: pod.metadata.name, isReady: isReady(pod) }
    return tls === undefined ? server : { ...server, tls }
  })
}

async function identityOf(ctx: StepContext): Promise<CacheServer['tls']> {
  const secret = tlsSecret(ctx.config)
  const [name] = certificateNames(ctx.config)
  if (secret === undefined || name === undefined) return undefined
  return { authority: await authorityText(ctx, secret), name }
}

interface PodStatus {
  readonly phase?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string }[]
}

const statusOf = ({ status = {} }: KubeObject) => status as PodStatus

const isRunning = (pod: KubeObject): boolean =>
  statusOf(pod).phase === 'Running' && pod.metadata.deletionTimestamp === undefined

const isReady = (pod: KubeObject): boolean =>
  statusOf(pod).conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

/** Speaks to servers one after the other, and leaves out, saying so, those that cannot be told and need not be. */
async function tell<T>(
  ctx: StepContext,
  servers: readonly Server[],
  words: (server: Server) => Promise<T>,
): Promise<readonly T[]> {
  const told: T[] = []
  for (const server of servers)
    try {
      told.push(await words(server))
    } catch (error) {
      const why = whyUntold(server, error)
      if (why === undefined) throw error
      ctx.report(why)
    }
  return told
}

function whyUntold(server: Server, error: unknown): string | undefined {
  if (!(error instanceof StepError)) return undefined
  // Its message names the port: Redis may be real where its Sentinel is not.
  if (error.code === 'PodSimulated') return error.message
  // Nobody uses it before it has started anew.
  if (error.code !== 'CacheRefused' || server.isReady) return undefined
  return `${placeOf(server)} is not ready and cannot be told: it starts anew with the new password`
}
