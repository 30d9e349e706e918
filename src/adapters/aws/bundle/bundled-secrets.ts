import type { SecretsManager, WholeSecrets } from '../../../ports/index.ts'
import { parseAddress } from '../../../ports/secret-address.ts'
import { type Change, changeBundle } from './change-bundle.ts'
import { joinedReads } from './joined-reads.ts'
import { createInBundle, keysOfBundles } from './keys-of-bundles.ts'

/** Secrets in which `secret#key` names one key of a JSON; every other name goes through as it is. */
export function withBundles(inner: WholeSecrets): SecretsManager {
  const reads = joinedReads(inner)
  const change = inTurn((secret, edit, signal) =>
    changeBundle(inner, secret, edit, signal).finally(() => reads.forget(secret)),
  )
  const keys = keysOfBundles({ inner, reads, change })
  const at = (name: string) => (parseAddress(name).key === undefined ? inner : keys)
  return {
    tagged: (tag, signal) => inner.tagged(tag, signal),
    ownKeys: (secret, signal) => keys.ownKeys(secret, signal),
    describe: (name, signal) => at(name).describe(name, signal),
    value: (name, signal) => at(name).value(name, signal),
    versionValue: (name, versionId, signal) => at(name).versionValue(name, versionId, signal),
    create: (secret, signal) => at(secret.name).create(secret, signal),
    async createAll(secrets, signal) {
      const done = new Set<string>()
      for (const one of secrets) {
        const { secret, key } = parseAddress(one.name)
        if (key === undefined) await inner.create(one, signal)
        else if (!done.has(secret)) {
          done.add(secret)
          const together = secrets.filter(({ name }) => parseAddress(name).secret === secret && name !== secret)
          await createInBundle({ inner, reads, change }, secret, together, signal)
        }
      }
    },
    putFirstValue: (name, value, signal) => at(name).putFirstValue(name, value, signal),
    addVersion: (name, version, signal) => at(name).addVersion(name, version, signal),
    promote: (name, versionId, signal) => at(name).promote(name, versionId, signal),
    removeLabel: (name, label, signal) => at(name).removeLabel(name, label, signal),
    tag: (name, tags, signal) => at(name).tag(name, tags, signal),
    restore: (name, signal) => at(name).restore(name, signal),
    scheduleDeletion: (name, recoveryDays, signal) => at(name).scheduleDeletion(name, recoveryDays, signal),
    purge: (name, signal) => at(name).purge(name, signal),
  }
}

/** Our own changes to one secret, one after the other: only those of others can meet them. */
function inTurn(change: Change): Change {
  const last = new Map<string, Promise<void>>()
  return (secret, edit, signal) => {
    const done = (last.get(secret) ?? Promise.resolve()).then(() => change(secret, edit, signal))
    const ended = done.catch(() => undefined)
    last.set(secret, ended)
    return done
  }
}
