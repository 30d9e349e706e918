import { randomUUID } from 'node:crypto'
import { StepError } from '../../../errors.ts'
import type { NewSecret, SecretsManager, WholeSecrets } from '../../../ports/index.ts'
import { keyAddress, parseAddress } from '../../../ports/secret-address.ts'
import { Secret } from '../../../secret.ts'
import { hasCode } from '../call.ts'
import {
  type Bundle,
  bundleText,
  emptyBundle,
  foreignKeys,
  type HeldKey,
  heldKey,
  ownKeys,
  parseBundle,
  withKey,
} from './bundle.ts'
import { type Change, readBundle } from './change-bundle.ts'
import type { JoinedReads } from './joined-reads.ts'
import { labelledVersions, promoted, withoutLabel, withVersion } from './key-versions.ts'

const DESCRIPTION = 'Values of an LLM gateway, one under each key; written by llmgw'

/** What everything about keys is made of. */
export interface Below {
  readonly inner: WholeSecrets
  readonly reads: JoinedReads
  readonly change: Change
}

type Keys = Omit<SecretsManager, 'createAll' | 'tagged'>

/** Keys of JSON secrets, by `secret#key`. */
export function keysOfBundles(below: Below): Keys {
  return { ...looking(below), ...making(below), ...versions(below), ...ending(below) }
}

/** @throws Error for a name without a key, which is our bug */
function parts(name: string): { readonly secret: string; readonly key: string } {
  const { secret, key } = parseAddress(name)
  if (key === undefined) throw new Error(`${name} names no key of a JSON secret`)
  return { secret, key }
}

function looking({ reads }: Below): Pick<Keys, 'describe' | 'ownKeys' | 'value' | 'versionValue'> {
  return {
    async ownKeys(secret, signal) {
      const { bundle } = await readBundle(reads, secret, signal)
      return bundle === undefined
        ? []
        : ownKeys(bundle)
            .map((key) => keyAddress(secret, key))
            .sort()
    },
    async describe(name, signal) {
      const { secret, key } = parts(name)
      const { meta, bundle } = await readBundle(reads, secret, signal)
      if (meta?.deletedAt !== undefined) return { ...meta, name, versions: {} }
      const held = bundle && heldKey(bundle, key)
      if (meta === undefined || bundle === undefined || held === undefined) return undefined
      const foreign = foreignKeys(bundle).filter((one) => one !== key)
      return { ...meta, name, versions: labelledVersions(held), foreignKeys: foreign }
    },
    async value(name, signal) {
      const { secret, key } = parts(name)
      const found = await reads.value(secret, signal)
      if (found === undefined) return undefined
      const held = heldKey(parseBundle(secret, found.versionId, found.value.reveal()), key)
      if (held === undefined || held.value === '') return undefined
      return { value: new Secret(held.value), versionId: held.version }
    },
    async versionValue(name, versionId, signal) {
      const { secret, key } = parts(name)
      const found = await reads.value(secret, signal)
      const held = found && heldKey(parseBundle(secret, found.versionId, found.value.reveal()), key)
      const value = [held, held?.other].find((one) => one?.version === versionId)?.value
      return value === undefined || value === '' ? undefined : new Secret(value)
    },
  }
}

function making(below: Below): Pick<Keys, 'create' | 'putFirstValue' | 'tag'> {
  const { inner, change } = below
  return {
    async create(one, signal) {
      const versionId = one.token ?? randomUUID()
      const { secret } = parts(one.name)
      await createInBundle(below, secret, [{ ...one, token: versionId }], signal)
      const meta = await inner.describe(secret, signal)
      return { arn: meta?.arn ?? '', versionId }
    },
    async putFirstValue(name, value, signal) {
      const { secret, key } = parts(name)
      let versionId = ''
      await change(
        secret,
        (bundle, token) => {
          const held = existing(bundle, key)
          if (held.value !== '') throw new StepError('AlreadyExists', `secret ${name} already has a value`)
          versionId = token
          return withKey(bundle, key, { value: value.reveal(), version: token, labels: [] })
        },
        signal,
      )
      return { versionId }
    },
    tag: (name, tags, signal) => inner.tag(parts(name).secret, tags, signal),
  }
}

/** Makes keys of one JSON secret in one write, and the secret itself where it is not there. */
export async function createInBundle(
  { inner, reads, change }: Below,
  secret: string,
  wanted: readonly NewSecret[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const add = (bundle: Bundle, token: string): Bundle | undefined => {
    const lacking = wanted.filter((one) => !isMade(bundle, one))
    if (lacking.length === 0) return undefined
    return lacking.reduce((before, { name, value, token: version = token }) => {
      return withKey(before, parts(name).key, { value: value.reveal(), version, labels: [] })
    }, bundle)
  }
  const [first] = wanted
  if (first === undefined) return
  if ((await inner.describe(secret, signal)) === undefined) {
    const token = randomUUID()
    const made = add(emptyBundle(secret), token)
    const { tags, kmsKeyId } = first
    const value = new Secret(made === undefined ? '{}' : bundleText(made))
    const whole = { name: secret, value, description: DESCRIPTION, tags, token, ...(kmsKeyId && { kmsKeyId }) }
    try {
      await inner.create(whole, signal)
      return reads.forget(secret)
    } catch (error) {
      if (!hasCode(error, 'AlreadyExists')) throw error
    }
  }
  await change(secret, add, signal)
}

/** By an earlier try of the same call. @throws StepError AlreadyExists for one of somebody else's */
function isMade(bundle: Bundle, { name, value, token }: NewSecret): boolean {
  const held = heldKey(bundle, parts(name).key)
  if (held === undefined) return false
  if (token !== undefined && held.version === token && held.value === value.reveal()) return true
  throw new StepError('AlreadyExists', `secret ${name} already exists`)
}

function existing(bundle: Bundle, key: string): HeldKey {
  const held = heldKey(bundle, key)
  if (held !== undefined) return held
  throw new StepError('NotFound', `secret ${bundle.secret} has no key "${key}"`)
}

function versions({ change }: Below): Pick<Keys, 'addVersion' | 'promote' | 'removeLabel'> {
  /** True when there was something to change. */
  const edit = async (
    name: string,
    next: (held: HeldKey, token: string) => HeldKey | undefined,
    signal: AbortSignal | undefined,
  ): Promise<boolean> => {
    const { secret, key } = parts(name)
    let changed = false
    await change(
      secret,
      (bundle, token) => {
        const held = next(existing(bundle, key), token)
        changed = held !== undefined
        return held && withKey(bundle, key, held)
      },
      signal,
    )
    return changed
  }
  return {
    async addVersion(name, { value, label, token }, signal) {
      const version = token ?? randomUUID()
      await edit(name, (held) => withVersion(held, { value: value.reveal(), label, version }), signal)
      return { versionId: version }
    },
    promote: async (name, versionId, signal) => void (await edit(name, (held) => promoted(held, versionId), signal)),
    removeLabel: (name, label, signal) => edit(name, (held) => withoutLabel(held, label), signal),
  }
}

function ending({ inner, change }: Below): Pick<Keys, 'restore' | 'scheduleDeletion' | 'purge'> {
  return {
    async restore(name, signal) {
      const { secret } = parts(name)
      const meta = await inner.describe(secret, signal)
      // The other keys came back with the first one.
      if (meta === undefined || meta.deletedAt !== undefined) await inner.restore(secret, signal)
    },
    async scheduleDeletion(name) {
      throw new Error(`${name}: a key alone cannot be scheduled for deletion`)
    },
    async purge(name, signal) {
      const { secret, key } = parts(name)
      if ((await inner.describe(secret, signal)) === undefined) return false
      let was = false
      await change(
        secret,
        (bundle) => {
          was = heldKey(bundle, key) !== undefined
          return was ? withKey(bundle, key, undefined) : undefined
        },
        signal,
      )
      return was
    },
  }
}
