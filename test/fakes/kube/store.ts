import { isDeepStrictEqual } from 'node:util'
import { type Attempt, describeRef, refusal } from '../../../src/adapters/kube/errors.ts'
import type { KubeObject, ObjectRef } from '../../../src/ports/kube.ts'
import { type FieldPath, fromFieldsV1, leaves, setAt, toFieldsV1, unsetAt, valueAt } from './fields.ts'

type Bag = Record<string, unknown>
type Meta = Bag & { name: string; namespace?: string; finalizers?: string[]; deletionTimestamp?: string; uid?: string }
type Live = Bag & { apiVersion: string; kind: string; metadata: Meta }

/** `manager/operation` or `manager/operation/subresource`. */
export type Owner = string

interface Entry {
  object: Live
  readonly owners: Map<Owner, FieldPath[]>
  /** When a value that an owner has last changed. */
  readonly times?: ReadonlyMap<Owner, string>
}

/** Set by the server, never by a client's body. */
const SERVER_SET = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'managedFields']

const keyOf = (ref: ObjectRef): string => [ref.apiVersion, ref.kind, ref.namespace ?? '', ref.name].join('|')

/** The reference of an object. */
export function refOf({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  const { name, namespace } = metadata
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

/** `object` as a client's body: without what only the server sets. Status is kept for seeds only. */
function bodyOf(object: KubeObject, keepStatus = false): Live {
  const body = structuredClone(object) as unknown as Live
  for (const field of SERVER_SET) delete body.metadata[field]
  if (!keepStatus) delete body.status
  const given = body.stringData as Record<string, string> | undefined
  if (body.kind === 'Secret' && given !== undefined) {
    const data = Object.entries(given).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
    body.data = { ...(body.data as Bag | undefined), ...Object.fromEntries(data) }
    delete body.stringData
  }
  return body
}

function ownedPaths(body: Live): FieldPath[] {
  const { apiVersion: _a, kind: _k, metadata, ...rest } = body
  const { name: _n, namespace: _s, ...meta } = metadata
  return [...leaves(rest), ...leaves({ metadata: meta })].filter((path) => path.length > 1 || path[0] !== 'f:metadata')
}

/** A generation counts the changes outside of metadata and status. */
function nextGeneration(before: Live | undefined, after: Live): number {
  const { status: _old, metadata: oldMeta, ...oldSpec }: Bag & { metadata: Bag } = before ?? { metadata: {} }
  const { status: _new, metadata: _newMeta, ...newSpec } = after
  const next = Number(oldMeta.generation ?? 0) + (isDeepStrictEqual(oldSpec, newSpec) ? 0 : 1)
  return Math.max(next, Number(after.metadata.generation ?? 0))
}

const stampOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

function timesOf(before: Entry | undefined, { object, owners }: Entry, now: string): ReadonlyMap<Owner, string> {
  const isSame = (owner: Owner, paths: FieldPath[]): boolean =>
    isDeepStrictEqual(before?.owners.get(owner), paths) &&
    paths.every((path) => isDeepStrictEqual(valueAt(before?.object, path), valueAt(object, path)))
  return new Map(
    [...owners].map(([owner, paths]) => [owner, (isSame(owner, paths) && before?.times?.get(owner)) || now]),
  )
}

/** Objects with their field owners; every change gets a new resourceVersion and wakes `onChange`. */
/** Copying an object costs more than looking at it, and most looks want few. */
type Choice = (object: KubeObject) => boolean

export function createStore(now: () => number) {
  const entries = new Map<string, Entry>()
  const listeners = new Set<() => void>()
  let version = 0
  let uids = 0

  const view = (entry: Entry): KubeObject => {
    const managedFields = [...entry.owners].map(([owner, paths]) => {
      const [manager, operation, subresource] = owner.split('/')
      const fieldsV1 = toFieldsV1(paths)
      const time = entry.times?.get(owner)
      const stamp = time === undefined ? {} : { time }
      return { manager, operation, ...stamp, fieldsType: 'FieldsV1', fieldsV1, ...(subresource ? { subresource } : {}) }
    })
    const object = structuredClone(entry.object)
    return { ...object, metadata: { ...object.metadata, managedFields } } as unknown as KubeObject
  }
  const notify = (): void => {
    for (const listener of [...listeners]) listener()
  }
  /** Puts `object` as the new state; a body equal to the old one changes nothing. */
  const commit = (ref: ObjectRef, object: Live, owners: Map<Owner, FieldPath[]>): Entry => {
    const before = entries.get(keyOf(ref))
    const same = before && isDeepStrictEqual(before.object, object) && isDeepStrictEqual(before.owners, owners)
    if (same) return before
    version += 1
    const fresh = {
      creationTimestamp: stampOf(now()),
      uid: before?.object.metadata.uid ?? `uid-${++uids}`,
    }
    const generation = nextGeneration(before?.object, object)
    object.metadata = {
      ...fresh,
      ...object.metadata,
      resourceVersion: String(version),
      ...('spec' in object ? { generation } : {}),
    }
    const entry = { object, owners, times: timesOf(before, { object, owners }, stampOf(now())) }
    if (object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0) {
      entries.delete(keyOf(ref))
    } else entries.set(keyOf(ref), entry)
    notify()
    return entry
  }
  const copy = (entry: Entry) => ({ object: structuredClone(entry.object), owners: new Map(entry.owners) })

  return {
    /** Copies of those that `is` chooses; it sees them as they are stored, without managed fields, and changes nothing. */
    where: (is: Choice): KubeObject[] =>
      [...entries.values()].filter(({ object }) => is(object as unknown as KubeObject)).map(view),
    some: (is: Choice): boolean => [...entries.values()].some(({ object }) => is(object as unknown as KubeObject)),
    find(ref: ObjectRef): KubeObject | undefined {
      const entry = entries.get(keyOf(ref))
      return entry && view(entry)
    },
    version: (): number => version,
    onChange(listener: () => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    /** Server-side apply. @throws as the API server does on a conflict of fields */
    apply(object: KubeObject, options: { owner: Owner; force: boolean; dryRun: boolean }): KubeObject {
      const body = bodyOf(object)
      const ref = refOf(object)
      const found = entries.get(keyOf(ref))
      const { object: live, owners } = found
        ? copy(found)
        : { object: skeleton(body), owners: new Map<Owner, FieldPath[]>() }
      const wanted = ownedPaths(body)
      takeOver({ live, body, wanted, owners, owner: options.owner, force: options.force })
      dropUnwanted(live, wanted, owners, options.owner)
      for (const path of wanted) setAt(live, path, structuredClone(valueAt(body, path)))
      owners.set(options.owner, wanted)
      if (options.dryRun) return view({ object: live, owners })
      return view(commit(ref, live, owners))
    },

    /** Writes the whole object, its fields owned by `owner`; keeps what the server set. */
    replace(object: KubeObject, owner: Owner, keepStatus = false): KubeObject {
      const ref = refOf(object)
      const before = entries.get(keyOf(ref))
      const body = bodyOf(object, keepStatus)
      const given = object.metadata as unknown as Bag
      const kept = Object.fromEntries(
        SERVER_SET.filter((field) => field !== 'managedFields').flatMap((field) => {
          const value = before?.object.metadata[field] ?? (keepStatus ? given[field] : undefined)
          return value === undefined ? [] : [[field, value]]
        }),
      )
      body.metadata = { ...kept, ...body.metadata }
      if (!keepStatus && before?.object.status !== undefined) body.status = before.object.status
      const owners = new Map(before?.owners ?? [])
      claimChanged({ before: before?.object, after: body, owners, owner })
      if (keepStatus)
        for (const field of object.metadata.managedFields ?? []) {
          const key = [field.manager, field.operation, field.subresource].filter((part) => part).join('/')
          owners.set(key, fromFieldsV1(field.fieldsV1))
        }
      return view(commit(ref, body, owners))
    },

    /** Status subresource. */
    setStatus(ref: ObjectRef, status: unknown, owner: Owner): void {
      const entry = entries.get(keyOf(ref))
      if (!entry) return
      const { object, owners } = copy(entry)
      object.status = structuredClone(status)
      owners.set(owner, leaves({ status }))
      commit(ref, object, owners)
    },

    /** Starts the deletion; gone at once unless finalizers hold it. */
    remove(ref: ObjectRef): void {
      const entry = entries.get(keyOf(ref))
      if (!entry) return
      const { object, owners } = copy(entry)
      object.metadata.deletionTimestamp ??= new Date(now()).toISOString()
      commit(ref, object, owners)
    },
  }
}

function skeleton(body: Live): Live {
  const { name, namespace } = body.metadata
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
  return { apiVersion: body.apiVersion, kind: body.kind, metadata }
}

const id = (path: FieldPath): string => path.join('\0')

interface Claim {
  readonly live: Live
  readonly body: Live
  readonly wanted: readonly FieldPath[]
  readonly owners: Map<Owner, FieldPath[]>
  readonly owner: Owner
  readonly force: boolean
}

/** A field that another manager owns with another value is a conflict, or is taken from it by force. */
function takeOver({ live, body, wanted, owners, owner, force }: Claim): void {
  for (const [other, paths] of owners) {
    if (other === owner) continue
    const theirs = new Set(paths.map(id))
    const contested = wanted.filter(
      (path) => theirs.has(id(path)) && !isDeepStrictEqual(valueAt(live, path), valueAt(body, path)),
    )
    if (contested.length === 0) continue
    if (!force) throw fieldConflict(body, other, contested)
    const taken = new Set(contested.map(id))
    owners.set(
      other,
      paths.filter((path) => !taken.has(id(path))),
    )
  }
}

function fieldConflict(body: Live, other: Owner, contested: readonly FieldPath[]): Error {
  const attempt: Attempt = { verb: 'apply', object: describeRef({ kind: body.kind, ...body.metadata }) }
  const fields = contested.map((path) => `.${path.map((segment) => segment.slice(2)).join('.')}`).join(', ')
  const message = `Apply failed with ${contested.length} conflict: conflict with "${other.split('/')[0]}": ${fields}`
  return refusal({ code: 409, reason: 'Conflict', message }, attempt)
}

function dropUnwanted(live: Live, wanted: readonly FieldPath[], owners: Map<Owner, FieldPath[]>, owner: Owner): void {
  const kept = new Set(wanted.map(id))
  for (const [other, paths] of owners) if (other !== owner) for (const path of paths) kept.add(id(path))
  for (const path of owners.get(owner) ?? []) if (!kept.has(id(path))) unsetAt(live, path)
}

interface Update {
  readonly before: Live | undefined
  readonly after: Live
  readonly owners: Map<Owner, FieldPath[]>
  readonly owner: Owner
}

/** An update owns what it changed, and takes it from everybody else. */
function claimChanged({ before, after, owners, owner }: Update): void {
  const now = ownedPaths(bodyOf(after as unknown as KubeObject, true))
  const changed = now.filter((path) => !before || !isDeepStrictEqual(valueAt(before, path), valueAt(after, path)))
  const present = new Set(now.map(id))
  const mine = new Set(changed.map(id))
  for (const [other, paths] of owners) {
    owners.set(
      other,
      paths.filter((path) => present.has(id(path)) && (other === owner || !mine.has(id(path)))),
    )
  }
  const held = (owners.get(owner) ?? []).filter((path) => !mine.has(id(path)))
  if (held.length + changed.length > 0) owners.set(owner, [...held, ...changed])
}
