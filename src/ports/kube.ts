import type { Duplex } from 'node:stream'
import type { Secret } from '../secret.ts'

export interface ObjectRef {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string | undefined
}

interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly {
    readonly kind: string
    readonly name: string
    readonly uid: string
    readonly controller?: boolean
  }[]
  readonly managedFields?: readonly {
    readonly manager?: string
    readonly operation?: string
    readonly subresource?: string
    /** RFC 3339, to the second. */
    readonly time?: string
    readonly fieldsV1?: unknown
  }[]
}

/** Any Kubernetes object, as the API server gives it. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

export interface ListQuery {
  readonly apiVersion: string
  readonly kind: string
  /** Absent = all namespaces, or a cluster-scoped kind. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Only names, labels, annotations and the rest of the metadata: CRDs and ConfigMaps may be a megabyte each. */
  readonly metadataOnly?: boolean
}

/** What somebody wants to do, in the words of RBAC. */
export interface Access {
  readonly verb: string
  /** API group; empty for the core group. */
  readonly group: string
  /** Plural, e.g. `deployments`. */
  readonly resource: string
  /** Absent = cluster-scoped, or in all namespaces. */
  readonly namespace?: string
}

/** The API server. Every method throws `PreflightError` (unreachable, denied, expired) or `StepError` (refused by the server, with its `Status.message`). */
export interface Kube {
  /** The object, or undefined on a real 404 only (the kind not being served counts as one). */
  find(ref: ObjectRef, signal?: AbortSignal): Promise<KubeObject | undefined>
  /** All matches, following `continue`; empty when the kind is not served. */
  list(query: ListQuery, signal?: AbortSignal): Promise<readonly KubeObject[]>
  /** Server-side apply with field manager `llmgw`; `force` takes over conflicting fields. */
  apply(
    object: KubeObject,
    options?: { readonly dryRun?: boolean; readonly force?: boolean; readonly signal?: AbortSignal },
  ): Promise<KubeObject>
  /** Plain create; throws `AlreadyExists` (code) when it is there. */
  create(object: KubeObject, signal?: AbortSignal): Promise<KubeObject>
  /** JSON merge patch; throws `NotFound` (code) when it is gone and `Conflict` when `metadata.resourceVersion` is given and stale. */
  patch(ref: ObjectRef, patch: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<KubeObject>
  /** False when it was not there. Does not wait for finalizers. `uid` guards against deleting a successor. */
  remove(
    ref: ObjectRef,
    options?: {
      readonly uid?: string
      readonly propagation?: 'Foreground' | 'Background' | 'Orphan'
      readonly signal?: AbortSignal
    },
  ): Promise<boolean>
  /** The matching objects now, and again after each change (list + watch, reconnecting), until `signal` aborts or the consumer stops. */
  watch(query: ListQuery, signal: AbortSignal): AsyncIterable<readonly KubeObject[]>
  /** Last lines of a container's log; empty when there is none. */
  logs(
    pod: {
      readonly namespace: string
      readonly name: string
      readonly container?: string
      readonly previous?: boolean
      readonly tailLines: number
    },
    signal?: AbortSignal,
  ): Promise<string>
  /**
   * A connection to a port of a Pod through the API server, as kubectl port-forward makes it; it ends when `signal` aborts.
   * What the Pod's side refuses comes as an error of the stream.
   */
  connect(
    pod: { readonly namespace: string; readonly name: string; readonly port: number },
    signal?: AbortSignal,
  ): Promise<Duplex>
  /**
   * A token of a ServiceAccount for somebody else, as its pods get it (TokenRequest; stored nowhere). Throws `NotFound`
   * (code). `seconds`: at least 600. Source: Kubernetes API reference, TokenRequest.
   */
  serviceAccountToken(
    account: { readonly namespace: string; readonly name: string },
    token: { readonly audience: string; readonly seconds: number },
    signal?: AbortSignal,
  ): Promise<Secret>
  /**
   * Names (`plural.group`) of what the API server serves beside the core group and of what objects may be created: a kind
   * whose definition is being removed is not among them. Undefined where it cannot tell in one answer (before 1.27).
   */
  served(signal?: AbortSignal): Promise<ReadonlySet<string> | undefined>
  /** Whether our credentials may do this (SelfSubjectAccessReview; writes nothing). The namespace need not exist. */
  canI(access: Access, signal?: AbortSignal): Promise<boolean>
  /** Server version, e.g. `v1.35.4`. */
  version(signal?: AbortSignal): Promise<string>
}
