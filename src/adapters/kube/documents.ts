import type { KubeObject } from '../../ports/kube.ts'
import type { Server } from './connection.ts'
import { type Attempt, unreachable } from './errors.ts'

/** Whose answer it is, and to what. */
export interface Asked {
  readonly server: Server
  readonly attempt: Attempt
}

type Fields = Readonly<Record<string, unknown>>

/** Checked by hand: a look reads hundreds of objects, and a schema would copy each of them. */
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || isText(value)
/** What every object has, and all that is taken for granted of one. */
const isObject = (value: unknown): value is Fields =>
  isFields(value) && isFields(value.metadata) && isText(value.metadata.name)

/** An answer that only needs to be JSON with fields. @throws PreflightError KubeUnreachable for anything else: something in between answered */
export function readFields(text: string, asked: Asked): Fields {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (error) {
    throw unreachable(asked.server.url.origin, asked.attempt, `an answer that is not JSON: ${String(error)}`)
  }
  if (!isFields(found)) throw otherForm('fields', asked)
  return found
}

/** An answer that is one object. @throws PreflightError KubeUnreachable */
export const readObject = (text: string, asked: Asked): KubeObject => asObject(readFields(text, asked), asked)

/** One object of an answer that was read. @throws PreflightError KubeUnreachable */
export function asObject(value: unknown, asked: Asked): KubeObject {
  if (!isObject(value)) throw otherForm('an object with a name', asked)
  return value as unknown as KubeObject
}

/** The token in the answer to a TokenRequest. @throws PreflightError KubeUnreachable */
export function readToken(text: string, asked: Asked): string {
  const { status } = readFields(text, asked)
  if (!isFields(status) || !isText(status.token) || status.token === '') throw otherForm('a token', asked)
  return status.token
}

/** A page of a list. */
export interface Page {
  readonly metadata: { readonly resourceVersion?: string | undefined; readonly continue?: string | undefined }
  readonly items: readonly KubeObject[]
}

/** @throws PreflightError KubeUnreachable */
export function readPage(text: string, asked: Asked): Page {
  const { metadata, items } = readFields(text, asked)
  // null in a metadata-only list without any.
  const listed = items ?? []
  if (!isFields(metadata) || !Array.isArray(listed)) throw otherForm('a list', asked)
  const { resourceVersion, continue: next } = metadata
  if (!isTextOrNone(resourceVersion) || !isTextOrNone(next)) throw otherForm('a list with a version', asked)
  return { metadata: { resourceVersion, continue: next }, items: listed.map((item: unknown) => asObject(item, asked)) }
}

/** A kind that a group serves. */
interface ServedKind {
  readonly kind: string
  readonly name: string
  readonly namespaced: boolean
}

/** What a group serves. @throws PreflightError KubeUnreachable */
export function readResources(text: string, asked: Asked): readonly ServedKind[] {
  const { resources } = readFields(text, asked)
  const isKind = (value: unknown): value is ServedKind =>
    isFields(value) && isText(value.kind) && isText(value.name) && typeof value.namespaced === 'boolean'
  if (!Array.isArray(resources) || !resources.every(isKind)) throw otherForm('a list of kinds', asked)
  return resources
}

/** A kind of an API group, in whatever version. */
interface Discovered {
  readonly group: string
  readonly plural: string
  readonly verbs: readonly unknown[]
}

/** What all groups serve, or undefined for the list of groups that older servers give. @throws PreflightError KubeUnreachable */
export function readDiscovery(text: string, asked: Asked): readonly Discovered[] | undefined {
  const { kind, items } = readFields(text, asked)
  if (kind !== 'APIGroupDiscoveryList') return undefined
  return listIn(items, asked).flatMap((item) => {
    const { name: group } = asObject(item, asked).metadata
    const resources = listIn(item.versions, asked).flatMap((version) => listIn(version.resources ?? [], asked))
    return resources.map(({ resource, verbs }) => {
      if (!isText(resource) || !Array.isArray(verbs)) throw otherForm('a kind with verbs', asked)
      return { group, plural: resource, verbs }
    })
  })
}

function listIn(value: unknown, asked: Asked): readonly Fields[] {
  if (!Array.isArray(value) || !value.every(isFields)) throw otherForm('a list of fields', asked)
  return value
}

/** A line of a watch. @throws PreflightError KubeUnreachable */
export function readEvent(text: string, asked: Asked): { readonly type: string; readonly object: Fields } {
  const { type, object } = readFields(text, asked)
  if (!isText(type) || !isFields(object)) throw otherForm('an event', asked)
  return { type, object }
}

const otherForm = (expected: string, { server, attempt }: Asked) =>
  unreachable(server.url.origin, attempt, `an answer of another form, expected ${expected}`)
