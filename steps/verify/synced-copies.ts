import type { KubeObject } from '../../src/ports/index.ts'
import { registerSecret } from '../../src/secret.ts'
import { addressOf, entriesOf, type SyncEntry, targetSecret } from '../external-secrets/synced-objects.ts'
import { decoded } from '../secret-in-cluster.ts'
import type { CheckContext } from './check.ts'

/** Keys of a synced Secret that do not hold the current remote value; no value leaves this function. */
export async function copyFault(ctx: CheckContext, object: KubeObject): Promise<readonly string[]> {
  const ref = targetSecret(object)
  const place = `${ref.namespace}/${ref.name}`
  const copy = await ctx.kube.find(ref, ctx.signal)
  if (copy === undefined) return [`Secret ${place} is not there`]
  const data = (copy.data ?? {}) as Readonly<Record<string, string>>
  const entries = entriesOf(object)
  const faults = await Promise.all(entries.map((entry) => keyFault(ctx, entry, data[entry.secretKey])))
  const extra = Object.keys(data).filter((key) => !entries.some(({ secretKey }) => secretKey === key))
  return [...faults.flat(), ...extra.map((key) => `key ${key} is not configured`)].map(
    (fault) => `Secret ${place}: ${fault}`,
  )
}

async function keyFault(
  ctx: CheckContext,
  { secretKey, remoteRef }: SyncEntry,
  encoded: string | undefined,
): Promise<readonly string[]> {
  if (encoded === undefined) return [`key ${secretKey} is absent`]
  const held = decoded(encoded)
  registerSecret(held)
  const address = addressOf(remoteRef)
  const remote = await ctx.secretsManager.value(address, ctx.signal)
  if (remote === undefined) return [`${address} has no value in Secrets Manager`]
  return remote.value.reveal() === held ? [] : [`key ${secretKey} differs from ${address}`]
}
