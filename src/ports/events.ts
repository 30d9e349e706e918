import type { KubeObject, ListQuery } from './kube.ts'

/** What a v1 Event says. */
export interface Said {
  readonly reason: string
  readonly message: string
  readonly warning: boolean
  readonly times: number
  /** ISO 8601, of the newest occurrence. */
  readonly at: string
  readonly about: { readonly kind: string; readonly name: string; readonly uid: string | undefined }
}

interface RawEvent {
  readonly reason?: string
  readonly message?: string
  readonly type?: string
  readonly count?: number
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string }
  readonly lastTimestamp?: string
  readonly eventTime?: string
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly uid?: string }
}

/** Events of a namespace; those about cluster-scoped objects are in `default`. */
export function eventsIn(namespace: string | undefined): ListQuery {
  return { apiVersion: 'v1', kind: 'Event', namespace: namespace ?? 'default' }
}

/** What was said about `object`, newest first. Events of a predecessor of the same name are left out. */
export function saidAbout(object: KubeObject, events: readonly KubeObject[]): Said[] {
  const { name, uid } = object.metadata
  return newestFirst(events).filter(
    ({ about }) =>
      about.kind === object.kind &&
      about.name === name &&
      (about.uid === undefined || uid === undefined || about.uid === uid),
  )
}

/** All events as sentences, newest first. */
export function newestFirst(events: readonly KubeObject[]): Said[] {
  return events.map(said).sort((one, other) => other.at.localeCompare(one.at))
}

function said(event: KubeObject): Said {
  const raw = event as unknown as RawEvent
  const about = raw.involvedObject ?? {}
  return {
    reason: raw.reason ?? '',
    message: (raw.message ?? '').trim(),
    warning: raw.type === 'Warning',
    times: raw.series?.count ?? raw.count ?? 1,
    at: raw.series?.lastObservedTime ?? raw.lastTimestamp ?? raw.eventTime ?? event.metadata.creationTimestamp ?? '',
    about: { kind: about.kind ?? '', name: about.name ?? '', uid: about.uid },
  }
}

/** Whether the event came after the last change to the object itself: older ones tell of a past that is mended. */
export function isAfterLastChange(object: KubeObject, event: Said): boolean {
  const changed = lastChange(object)
  return changed === undefined || Date.parse(event.at) + SECONDS_ONLY_MS > Date.parse(changed)
}

/** Timestamps have no fractions of a second. */
const SECONDS_ONLY_MS = 1000

/** Server time of the newest write to anything but the status; absent when the server does not tell. */
export function lastChange(object: KubeObject, manager?: string): string | undefined {
  const fields = (object.metadata.managedFields ?? []) as readonly {
    readonly manager?: string
    readonly subresource?: string
    readonly time?: string
  }[]
  return fields
    .filter((field) => field.subresource === undefined && (manager === undefined || field.manager === manager))
    .flatMap(({ time }) => (time === undefined ? [] : [time]))
    .sort()
    .at(-1)
}

/** An event as evidence, e.g. `event FailedMount (x3) on Pod redis-0: …`. */
export function sentence({ reason, times, about, message }: Said): string {
  return `event ${reason}${times > 1 ? ` (x${times})` : ''} on ${about.kind} ${about.name}: ${message}`
}
