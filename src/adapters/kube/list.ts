import type { KubeObject, ListQuery } from '../../ports/kube.ts'
import { type Page, readPage } from './documents.ts'
import { type Attempt, describeRef, refusal } from './errors.ts'
import { pathOf, type Resource } from './kinds.ts'
import type { Rest } from './rest.ts'

/** All matches, and the resourceVersion from which to watch on. */
export interface Listing {
  readonly items: readonly KubeObject[]
  readonly resourceVersion: string
}

/** A list that takes longer than its tokens hold, again and again, never ends. */
const MOST_EXPIRED = 3

/** Objects per page: what kubectl asks for. */
const PAGE = '500'

/** Source: Kubernetes API concepts, "Fetching metadata only"; a server that cannot answers with the whole objects. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'

/** One page after the other; undefined when the kind is not served. */
export async function listAll(
  rest: Rest,
  query: ListQuery,
  options: { readonly resource: Resource; readonly signal: AbortSignal | undefined },
): Promise<Listing | undefined> {
  const items: KubeObject[] = []
  const path = pathOf({ apiVersion: query.apiVersion, namespace: query.namespace }, options.resource)
  const attempt = { verb: 'list', object: describeRef({ kind: query.kind, namespace: query.namespace }) }
  let next: string | undefined
  let expired = 0
  for (;;) {
    const answer = await rest.call({
      method: 'GET',
      path,
      query: { ...selectors(query), limit: PAGE, continue: next },
      ...(query.metadataOnly && { accept: METADATA_ONLY }),
      attempt,
      idempotent: true,
      expect: [404, 410],
      signal: options.signal,
    })
    if (answer.status === 404) return undefined
    if (answer.status === 410) {
      // The continue token has expired: only a new list is consistent.
      expired = oneMore(expired, attempt)
      items.length = 0
      next = undefined
      continue
    }
    const page = readPage(answer.text, { server: rest.server, attempt })
    items.push(...itemsOf(page, query))
    next = page.metadata.continue || undefined
    if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion ?? '0' }
  }
}

function oneMore(expired: number, attempt: Attempt): number {
  if (expired === MOST_EXPIRED) throw refusal({ code: 410, reason: 'Expired' }, attempt)
  return expired + 1
}

const itemsOf = ({ items }: Page, { apiVersion, kind }: ListQuery): readonly KubeObject[] =>
  items.map((item) => ({ ...item, apiVersion, kind }))

/** The selectors of a query as parameters. */
export function selectors(query: ListQuery): Record<string, string | undefined> {
  return { labelSelector: query.labelSelector, fieldSelector: query.fieldSelector }
}
