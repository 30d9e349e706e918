import type { Services, StepContext } from '../../src/ports/index.ts'
import { remoteName, remoteSecrets } from '../names.ts'
import { ownTags } from '../ownership.ts'

/**
 * Secrets in AWS that carry our mark and that the configuration no longer names, and in a bundle the keys of ours that
 * it no longer names. They are told, never deleted: a value that is gone does not come back.
 */
export async function unusedSecrets(ctx: Services & Pick<StepContext, 'signal'>): Promise<readonly string[]> {
  const { config, secretsManager, signal } = ctx
  const logical = Object.keys(config.secrets.items)
  const [[key, value] = ['', '']] = Object.entries(ownTags(ctx))
  const wanted = new Set([...remoteSecrets(config, logical), ...logical.map((name) => remoteName(config, name))])
  const ours = await secretsManager.tagged({ key, value }, signal)
  const unused = ours.filter((name) => !wanted.has(name))
  if (config.secrets.layout !== 'bundle') return unused
  const bundles = ours.filter((name) => wanted.has(name))
  const keys = await Promise.all(bundles.map((name) => secretsManager.ownKeys(name, signal)))
  return [...unused, ...keys.flat().filter((name) => !wanted.has(name))]
}
