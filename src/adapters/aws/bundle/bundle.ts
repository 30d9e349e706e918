import { createHash } from 'node:crypto'
import * as z from 'zod'
import { PreflightError } from '../../../errors.ts'
import { RECORDS_KEY } from '../../../ports/secret-address.ts'
import { type Entry, entriesOf, textOf } from './json-entries.ts'

/** A version of a key that is not its current one. */
const other = z.object({ version: z.string(), value: z.string(), labels: z.array(z.string()) })

/** What is kept about the keys, as text under a key of its own, so that the JSON stays one of texts. */
const recordsSchema = z.object({
  /** By key: since which version it holds the value of this digest. */
  keys: z.record(z.string(), z.object({ version: z.string(), sha256: z.string(), made: z.boolean() })),
  /** By key: labels of its current version beside AWSCURRENT, and a second version of it. */
  rotations: z.record(z.string(), z.object({ labels: z.array(z.string()), other: other.optional() })),
})

type Records = z.infer<typeof recordsSchema>

/** A key of a bundle with its versions. */
export interface HeldKey {
  readonly value: string
  readonly version: string
  /** Of the current version, beside AWSCURRENT. */
  readonly labels: readonly string[]
  readonly other?: z.infer<typeof other> | undefined
}

/** The JSON of one secret. */
export interface Bundle {
  /** Name of the secret. */
  readonly secret: string
  /** AWS's id of the version that holds it; empty where it has none yet. */
  readonly versionId: string
  /** Without our records. */
  readonly entries: readonly Entry[]
  readonly records: Records
}

/** Secrets Manager takes no longer one. Source: Secrets Manager API reference, PutSecretValue. */
const LONGEST_BYTES = 65_536

/** A bundle without keys. */
export const emptyBundle = (secret: string): Bundle => ({
  secret,
  versionId: '',
  entries: [],
  records: { keys: {}, rotations: {} },
})

/** @throws PreflightError BundleInvalid, which tells nothing of what is in it but names of keys */
export function parseBundle(secret: string, versionId: string, text: string): Bundle {
  const all = entriesOf(text)
  if (all === undefined) throw invalid(secret, 'holds no JSON object')
  const names = all.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(secret, `holds key "${twice}" twice`)
  const entries = all.filter(({ name }) => name !== RECORDS_KEY)
  const raw = all.find(({ name }) => name === RECORDS_KEY)?.raw
  return { secret, versionId, entries, records: raw === undefined ? NOTHING : parseRecords(secret, raw) }
}

const NOTHING: Records = { keys: {}, rotations: {} }

function parseRecords(secret: string, raw: string): Records {
  try {
    return recordsSchema.parse(JSON.parse(JSON.parse(raw) as string))
  } catch {
    throw invalid(secret, `holds under "${RECORDS_KEY}" something that llmgw did not write`)
  }
}

export function invalid(secret: string, why: string): PreflightError {
  return new PreflightError('BundleInvalid', `secret ${secret} ${why}, so no key of it can be read or written`, {
    hint: `correct it in Secrets Manager, or name another one: secrets.bundle   (llmgw explain BundleInvalid)`,
  })
}

/**
 * Text of a bundle.
 * @throws PreflightError BundleTooLarge
 */
export function bundleText({ secret, entries, records }: Bundle): string {
  const text = textOf([...entries, { name: RECORDS_KEY, raw: JSON.stringify(JSON.stringify(records)) }])
  const bytes = Buffer.byteLength(text)
  if (bytes <= LONGEST_BYTES) return text
  throw new PreflightError(
    'BundleTooLarge',
    `secret ${secret} would hold ${bytes} bytes, and AWS takes ${LONGEST_BYTES}; nothing was written`,
    { hint: 'take out what others keep in it, or choose secrets.layout: split' },
  )
}

/** A key with its versions; undefined where there is none. @throws PreflightError BundleInvalid for one that is no text */
export function heldKey(bundle: Bundle, key: string): HeldKey | undefined {
  const entry = bundle.entries.find(({ name }) => name === key)
  if (entry === undefined) return undefined
  const value = textIn(entry)
  if (value === undefined) throw invalid(bundle.secret, `holds under "${key}" something that is no text`)
  const rotation = own(bundle.records.rotations, key)
  return { value, version: versionOf(bundle, key, value), labels: rotation?.labels ?? [], other: rotation?.other }
}

/** The bundle with a key that holds this, or without it. */
export function withKey(bundle: Bundle, key: string, held: HeldKey | undefined): Bundle {
  const keys = Object.fromEntries(bundle.entries.flatMap((entry) => recorded(bundle, entry)))
  const { [key]: _before, ...rotations } = bundle.records.rotations
  const others = bundle.entries.filter(({ name }) => name !== key)
  if (held === undefined) {
    delete keys[key]
    return { ...bundle, entries: others, records: { keys, rotations } }
  }
  const entry = { name: key, raw: JSON.stringify(held.value) }
  const isNew = others.length === bundle.entries.length
  keys[key] = { version: held.version, sha256: digestOf(held.value), made: isNew || keys[key]?.made === true }
  const { labels, other } = held
  const rotates = labels.length > 0 || other !== undefined
  return {
    ...bundle,
    entries: isNew ? [...others, entry] : bundle.entries.map((one) => (one.name === key ? entry : one)),
    records: {
      keys,
      rotations: rotates ? { ...rotations, [key]: { labels: [...labels], ...(other && { other }) } } : rotations,
    },
  }
}

/** Keys that were there before we wrote, or that others added. */
export const foreignKeys = (bundle: Bundle): readonly string[] => keysMade(bundle, false)

/** Keys that we added. */
export const ownKeys = (bundle: Bundle): readonly string[] => keysMade(bundle, true)

function keysMade({ entries, records }: Bundle, byUs: boolean): readonly string[] {
  return entries.map(({ name }) => name).filter((name) => (own(records.keys, name)?.made === true) === byUs)
}

/** Whose value others changed has the version of the bundle: it is a new one, and the id tells nothing of the value. */
function versionOf({ records, versionId }: Bundle, key: string, value: string): string {
  const known = own(records.keys, key)
  return known?.sha256 === digestOf(value) ? known.version : versionId
}

/** Each write moves the id of the bundle, so it keeps for every key the version that it had until then. */
function recorded(bundle: Bundle, entry: Entry): [string, Records['keys'][string]][] {
  const value = textIn(entry)
  if (value === undefined) return []
  const made = own(bundle.records.keys, entry.name)?.made === true
  return [[entry.name, { version: versionOf(bundle, entry.name, value), sha256: digestOf(value), made }]]
}

function textIn({ raw }: Entry): string | undefined {
  const value: unknown = JSON.parse(raw)
  return typeof value === 'string' ? value : undefined
}

const digestOf = (value: string): string => createHash('sha256').update(value).digest('hex').slice(0, 32)

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined
