import { StepError } from '../../errors.ts'
import type { Kube, KubeObject, ObjectRef } from '../../ports/kube.ts'
import { Secret } from '../../secret.ts'
import { readObject, readToken } from './documents.ts'
import { describeRef } from './errors.ts'
import { createKinds, pathOf } from './kinds.ts'
import { listAll } from './list.ts'
import { connectToPod } from './pod-connection.ts'
import type { Rest, RestCall } from './rest.ts'
import { servedNames } from './served.ts'
import { watchSnapshots } from './watch.ts'

/** Owner of our fields in server-side apply. */
const FIELD_MANAGER = 'llmgw'

/** Longest log that is fetched, in bytes: the last lines of a container, not its history. */
const LOG_BYTES = '65536'

/** A kind in a namespace, when the manifest names none: the one Kubernetes takes. */
const DEFAULT_NAMESPACE = 'default'

type Act = Pick<RestCall, 'method' | 'query' | 'body' | 'contentType' | 'idempotent' | 'expect' | 'signal'> & {
  readonly verb: string
  /** On the collection instead of the object. */
  readonly collection?: boolean
}

/** The `Kube` port over an API server. */
export function createKube(rest: Rest, fieldManager = FIELD_MANAGER): Kube {
  // Strict: a field that the API server does not know is an error, not dropped in silence.
  const writing = { fieldManager, fieldValidation: 'Strict' }
  const find = createKinds(rest)
  /** The call for one object, or undefined when its kind is not served. */
  const prepare = async (ref: ObjectRef, { verb, collection, ...act }: Act): Promise<RestCall | undefined> => {
    const resource = await find(ref, act.signal ?? undefined)
    if (!resource) return undefined
    const namespace = ref.namespace ?? (resource.namespaced ? DEFAULT_NAMESPACE : undefined)
    const path = pathOf({ ...ref, namespace, name: collection ? undefined : ref.name }, resource)
    return { ...act, path, attempt: { verb, object: describeRef(ref) } }
  }
  const write = async (ref: ObjectRef, act: Act): Promise<KubeObject> => {
    const call = await prepare(ref, act)
    if (!call) throw notServed(ref, act.verb)
    return readObject((await rest.call(call)).text, { server: rest.server, attempt: call.attempt })
  }

  return {
    async find(ref, signal) {
      const call = await prepare(ref, { method: 'GET', verb: 'get', idempotent: true, expect: [404], signal })
      if (!call) return undefined
      const answer = await rest.call(call)
      if (answer.status === 404) return undefined
      return readObject(answer.text, { server: rest.server, attempt: call.attempt })
    },
    async list(query, signal) {
      const resource = await find(query, signal)
      const listing = resource && (await listAll(rest, query, { resource, signal }))
      return listing?.items ?? []
    },
    async apply(object, { dryRun = false, force = false, signal } = {}) {
      const { managedFields: _theirs, ...metadata } = object.metadata
      return await write(refOf(object), {
        verb: 'apply',
        method: 'PATCH',
        query: { ...writing, force: String(force), dryRun: dryRun ? 'All' : undefined },
        contentType: 'application/apply-patch+yaml',
        body: { ...object, metadata },
        idempotent: true,
        signal,
      })
    },
    create: (object, signal) =>
      write(refOf(object), {
        verb: 'create',
        method: 'POST',
        collection: true,
        query: writing,
        body: object,
        idempotent: false,
        signal,
      }),
    patch: (ref, patch, signal) =>
      write(ref, {
        verb: 'patch',
        method: 'PATCH',
        query: writing,
        contentType: 'application/merge-patch+json',
        body: patch,
        // With a resourceVersion the second try of one that worked would look like somebody else's change.
        idempotent: (patch.metadata as { resourceVersion?: string } | undefined)?.resourceVersion === undefined,
        signal,
      }),
    async remove(ref, { uid, propagation = 'Background', signal } = {}) {
      const call = await prepare(ref, {
        verb: 'delete',
        method: 'DELETE',
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: propagation,
          ...(uid === undefined ? {} : { preconditions: { uid } }),
        },
        idempotent: true,
        // With a uid, 409 says that another object has the name now: ours is gone.
        expect: uid === undefined ? [404] : [404, 409],
        signal,
      })
      if (!call) return false
      const { status, tries } = await rest.call(call)
      return status < 300 || (status === 404 && tries > 1)
    },
    watch: (query, signal) => watchSnapshots(rest, query, { find, signal }),
    async logs({ namespace, name, container, previous, tailLines }, signal) {
      const answer = await rest.call({
        method: 'GET',
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`,
        query: {
          container,
          previous: previous ? 'true' : undefined,
          tailLines: String(tailLines),
          limitBytes: LOG_BYTES,
        },
        attempt: { verb: 'get logs of', object: describeRef({ kind: 'Pod', namespace, name }) },
        idempotent: true,
        // 400: the container has not started, or has no earlier run.
        expect: [400, 404],
        signal,
      })
      return answer.status === 200 ? answer.text : ''
    },
    connect: (pod, signal) => connectToPod(rest.server, pod, signal),
    async serviceAccountToken({ namespace, name }, { audience, seconds }, signal) {
      const attempt = { verb: 'create a token of', object: describeRef({ kind: 'ServiceAccount', namespace, name }) }
      const { text } = await rest.call({
        method: 'POST',
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`,
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: [audience], expirationSeconds: seconds },
        },
        attempt,
        // Nothing is stored: another token is as good.
        idempotent: true,
        signal,
      })
      return new Secret(readToken(text, { server: rest.server, attempt }))
    },
    served: (signal) => servedNames(rest, signal),
    async canI({ verb, group, resource, namespace }, signal) {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb, group, resource, ...(namespace === undefined ? {} : { namespace }) } },
      }
      const answer = await rest.json<{ readonly status?: { readonly allowed?: boolean } }>({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body,
        attempt: { verb: 'create', object: 'SelfSubjectAccessReview' },
        // Nothing is stored: asking twice is asking once.
        idempotent: true,
        signal,
      })
      return answer.status?.allowed === true
    },
    async version(signal) {
      const attempt = { verb: 'get', object: 'version' }
      const call = { method: 'GET', path: '/version', attempt, idempotent: true, signal } as const
      return String((await rest.json<{ gitVersion?: unknown }>(call)).gitVersion)
    },
  }
}

const refOf = ({ apiVersion, kind, metadata }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name: metadata.name,
  namespace: metadata.namespace,
})

function notServed(ref: ObjectRef, verb: string): StepError {
  return new StepError(
    'KindNotServed',
    `could not ${verb} ${describeRef(ref)}: the API server does not know ${ref.apiVersion} ${ref.kind}`,
    { hint: 'its CustomResourceDefinition comes with a component: llmgw status' },
  )
}
