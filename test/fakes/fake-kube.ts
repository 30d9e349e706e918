import { createServer, type RequestListener } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import { describeRef, refusal } from '../../src/adapters/kube/errors.ts'
import { conditionOf } from '../../src/adapters/kube/readiness/reader.ts'
import type { Access, Kube, KubeObject, ListQuery, ObjectRef } from '../../src/ports/kube.ts'
import { FAKE_ISSUER, fakeToken } from './fake-token.ts'
import { crdOf, eventOf, refusedByGatekeeper, secretOf, statusOf, type Verdict } from './kube/controllers.ts'
import { mergePatch } from './kube/fields.ts'
import { matches } from './kube/selectors.ts'
import { createStore, refOf } from './kube/store.ts'

export type { Verdict } from './kube/controllers.ts'

type KubeVerb =
  | 'find'
  | 'list'
  | 'apply'
  | 'create'
  | 'patch'
  | 'remove'
  | 'watch'
  | 'logs'
  | 'connect'
  | 'serviceAccountToken'
  | 'served'
  | 'canI'
  | 'version'

/** One call of the port. */
interface KubeCall {
  readonly verb: KubeVerb
  readonly ref: Partial<ObjectRef> & { readonly kind: string }
}

export interface FakeKubeOptions {
  /** Simulated controllers: makes what is written ready, or as told per object. Off by default. */
  readonly controllers?: boolean | ((object: KubeObject) => Verdict)
  /** As the API server: a missing Namespace, or a custom kind without its CRD, refuses the write. */
  readonly strict?: boolean
  /** Remote value that a simulated External Secrets controller syncs; default `value of <key>`. */
  readonly remoteValue?: (key: string, property?: string) => string | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly version?: string
  /** What our credentials may do; default: everything. */
  readonly allows?: (access: Access) => boolean
}

export interface FakeKube extends Kube {
  /** Every write that was accepted, dry runs excepted, in order. */
  readonly writes: readonly KubeCall[]
  /** Every read. */
  readonly reads: readonly KubeCall[]
  /** Puts an object there, status included, as if `manager` had updated it. */
  seed(object: KubeObject, manager?: string): KubeObject
  /** Server-side apply by another field manager, by force. */
  applyAs(manager: string, object: KubeObject): KubeObject
  /** What a controller would write to the status subresource. */
  setStatus(ref: ObjectRef, status: Readonly<Record<string, unknown>>): void
  /** Lets the simulated controllers judge an object anew. */
  settle(ref: ObjectRef, verdict: Verdict): void
  /** An event about `ref`; a repeated one (same reason and message) raises its count. */
  event(ref: ObjectRef, event: { reason: string; message: string; type?: 'Warning' | 'Normal' }): void
  /** Text that `logs` gives for a pod. */
  setLogs(pod: { readonly namespace: string; readonly name: string }, text: string): void
  /** What answers HTTP on a port of a pod; without it, `connect` finds no pod. */
  servePod(
    pod: { readonly namespace: string; readonly name: string; readonly port: number },
    serve: RequestListener,
  ): void
  /** What speaks any other protocol there. */
  serveStream(
    pod: { readonly namespace: string; readonly name: string; readonly port: number },
    serve: (stream: Duplex) => void,
  ): void
  /** From now on `canI` answers no to what matches. */
  deny(match: (access: Access) => boolean): void
  /** The next `times` calls (default 1) that match end with `error`. */
  failNext(match: KubeVerb | ((call: KubeCall) => boolean), error: Error, times?: number): void
}

const OWN_MANAGER = 'llmgw'
/** RFC 1123 subdomain; RBAC kinds also allow colons. */
const VALID_NAME = /^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/
const isBuiltIn = (apiVersion: string): boolean => {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return !group.includes('.') || group.endsWith('.k8s.io')
}

/** Of what is served by itself, a few. */
const BUILT_IN = ['deployments.apps', 'statefulsets.apps', 'customresourcedefinitions.apiextensions.k8s.io']
const DEFINITIONS = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }

const isEstablished = (definition: KubeObject): boolean =>
  conditionOf(definition, 'Established')?.status === 'True' && definition.metadata.deletionTimestamp === undefined

/** The `Kube` port in memory: stateful, with field ownership, finalizers, selectors, watches and faults. */
export function fakeKube(options: FakeKubeOptions = {}): FakeKube {
  const now = options.now ?? Date.now
  const store = createStore(now)
  const writes: KubeCall[] = []
  const reads: KubeCall[] = []
  const faults: { match: (call: KubeCall) => boolean; error: Error; left: number }[] = []
  const texts = new Map<string, string>()
  const ports = new Map<string, (stream: Duplex) => void>()
  const denials: ((access: Access) => boolean)[] = []

  const call = (verb: KubeVerb, ref: KubeCall['ref'], signal?: AbortSignal): KubeCall => {
    signal?.throwIfAborted()
    const made = { verb, ref }
    const fault = faults.find((candidate) => candidate.left > 0 && candidate.match(made))
    if (fault) {
      fault.left -= 1
      throw fault.error
    }
    return made
  }
  const refuse = (code: number, reason: string, made: KubeCall, message: string): Error =>
    refusal({ code, reason, message }, { verb: made.verb, object: describeRef(made.ref) })

  const served = (query: { apiVersion: string; kind: string }): boolean => {
    if (!options.strict || isBuiltIn(query.apiVersion)) return true
    return store.some((object) => {
      if (object.kind !== 'CustomResourceDefinition') return false
      const spec = object.spec as { group?: string; names?: { kind?: string } } | undefined
      return spec?.names?.kind === query.kind && query.apiVersion.startsWith(`${spec.group}/`)
    })
  }
  const admit = (made: KubeCall): void => {
    const { apiVersion = '', kind, name = '', namespace } = made.ref
    if (!VALID_NAME.test(name)) throw refuse(422, 'Invalid', made, `metadata.name: Invalid value: "${name}"`)
    if (!served({ apiVersion, kind }))
      throw refuse(404, 'NotFound', made, 'the server could not find the requested resource')
    if (!options.strict || namespace === undefined) return
    const home = store.find({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
    if (!home) throw refuse(404, 'NotFound', made, `namespaces "${namespace}" not found`)
    if (home.metadata.deletionTimestamp !== undefined) {
      throw refuse(403, 'Forbidden', made, `namespace ${namespace} is being terminated`)
    }
  }
  const inKind = (query: ListQuery) => (object: KubeObject) =>
    object.apiVersion === query.apiVersion &&
    object.kind === query.kind &&
    (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
    matches(object, query)
  const select = (query: ListQuery): KubeObject[] => store.where(inKind(query))

  /** What controllers make of an object that is as it should be. */
  const make = (object: KubeObject): void => {
    const secret = secretOf(object, options.remoteValue ?? ((key) => `value of ${key}`))
    if (secret) store.replace(secret, 'externalsecrets.external-secrets.io/Update')
    const crd = crdOf(object)
    if (crd) store.replace(crd, 'gatekeeper/Update', true)
  }

  const settle = (ref: ObjectRef, verdict: Verdict): void => {
    const object = store.find(ref)
    if (!object) return
    const at = new Date(now()).toISOString()
    const status = statusOf(object, verdict, at)
    if (status) store.setStatus(ref, status, 'controller/Update/status')
    const said = eventOf(object, verdict)
    if (said) event(ref, { ...said, type: 'Warning' })
    if (verdict === 'ready') make(object)
  }
  const reconcile = (object: KubeObject): KubeObject => {
    const judge = options.controllers ?? false
    if (judge !== false) settle(refOf(object), judge === true ? 'ready' : judge(object))
    return store.find(refOf(object)) ?? object
  }

  const event: FakeKube['event'] = (ref, { reason, message, type = 'Warning' }) => {
    const object = store.find(ref)
    const namespace = ref.namespace ?? 'default'
    const about = { ...ref, ...(object?.metadata.uid === undefined ? {} : { uid: object.metadata.uid }) }
    const same = select({ apiVersion: 'v1', kind: 'Event', namespace }).find((candidate) => {
      const involved = candidate.involvedObject as ObjectRef
      return candidate.reason === reason && candidate.message === message && involved.name === ref.name
    })
    const stamp = new Date(now()).toISOString()
    const name = same?.metadata.name ?? `${ref.name}.${store.version().toString(16)}`
    const count = Number(same?.count ?? 0) + 1
    const times = { firstTimestamp: same?.firstTimestamp ?? stamp, lastTimestamp: stamp }
    const body = { involvedObject: about, reason, message, type, count, ...times }
    store.replace({ apiVersion: 'v1', kind: 'Event', metadata: { name, namespace }, ...body }, 'controller/Update')
  }

  const removeNow = (object: KubeObject): void => {
    store.remove(refOf(object))
    if (store.find(refOf(object))) return
    const leaving = store.where(({ metadata }) => {
      const owned = metadata.ownerReferences?.some((owner) => owner.uid === object.metadata.uid)
      const inside = object.kind === 'Namespace' && metadata.namespace === object.metadata.name
      return owned === true || inside
    })
    for (const other of leaving) removeNow(other)
  }

  /** The garbage collector's part: what it owns stays, and is nobody's from now on. */
  const orphan = ({ metadata: { uid } }: KubeObject): void => {
    const owned = store.where(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true)
    for (const other of owned) {
      const { ownerReferences = [], ...metadata } = other.metadata
      const left = ownerReferences.filter((owner) => owner.uid !== uid)
      store.replace({ ...other, metadata: { ...metadata, ownerReferences: left } }, 'garbage-collector/Update', true)
    }
  }

  for (const name of ['default', 'kube-system']) {
    store.replace(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase: 'Active' } },
      'server/Update',
      true,
    )
  }

  return {
    writes,
    reads,
    async find(ref, signal) {
      reads.push(call('find', ref, signal))
      return store.find(ref)
    },
    async list(query, signal) {
      reads.push(call('list', query, signal))
      const found = select(query)
      if (!query.metadataOnly) return found
      return found.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }))
    },
    async apply(object, { dryRun = false, force = false, signal } = {}) {
      const made = call('apply', refOf(object), signal)
      admit(made)
      const denied = refusedByGatekeeper(object, store.some)
      if (denied !== undefined) throw refuse(403, 'Forbidden', made, denied)
      const applied = store.apply(object, { owner: `${OWN_MANAGER}/Apply`, force, dryRun })
      if (dryRun) return applied
      writes.push(made)
      return reconcile(applied)
    },
    async create(object, signal) {
      const made = call('create', refOf(object), signal)
      admit(made)
      if (store.find(made.ref as ObjectRef))
        throw refuse(409, 'AlreadyExists', made, `"${object.metadata.name}" already exists`)
      writes.push(made)
      return reconcile(store.replace(object, `${OWN_MANAGER}/Update`))
    },
    async patch(ref, patch, signal) {
      const made = call('patch', ref, signal)
      const before = store.find(ref)
      if (!before) throw refuse(404, 'NotFound', made, `"${ref.name}" not found`)
      const given = (patch.metadata as { resourceVersion?: string } | undefined)?.resourceVersion
      if (given !== undefined && given !== before.metadata.resourceVersion) {
        throw refuse(
          409,
          'Conflict',
          made,
          'the object has been modified; please apply your changes to the latest version',
        )
      }
      writes.push(made)
      return reconcile(store.replace(mergePatch(before, patch) as KubeObject, `${OWN_MANAGER}/Update`))
    },
    async remove(ref, { uid, propagation, signal } = {}) {
      const made = call('remove', ref, signal)
      const found = store.find(ref)
      if (!found || (uid !== undefined && uid !== found.metadata.uid)) return false
      writes.push(made)
      if (propagation === 'Orphan') orphan(found)
      removeNow(found)
      return true
    },
    async *watch(query, signal) {
      let seen: string | undefined
      while (!signal.aborted) {
        call('watch', query)
        const found = select(query)
        const now = found.map((object) => `${object.metadata.uid}@${object.metadata.resourceVersion}`).join()
        if (now === seen) {
          await changed(store.onChange, signal)
          continue
        }
        seen = now
        yield found
      }
    },
    async connect({ namespace, name, port }, signal) {
      const made = call('connect', { kind: 'Pod', namespace, name }, signal)
      reads.push(made)
      const serve = ports.get(`${namespace}/${name}:${port}`)
      if (serve === undefined) throw refuse(404, 'NotFound', made, `pods "${name}" not found`)
      const [near, far] = duplexPair()
      serve(far)
      return near
    },
    async logs({ namespace, name, tailLines }, signal) {
      reads.push(call('logs', { kind: 'Pod', namespace, name }, signal))
      const lines = (texts.get(`${namespace}/${name}`) ?? '').split('\n')
      return lines.slice(-tailLines).join('\n')
    },
    async serviceAccountToken({ namespace, name }, { audience, seconds }, signal) {
      const made = call('serviceAccountToken', { kind: 'ServiceAccount', namespace, name }, signal)
      reads.push(made)
      if (!store.find({ apiVersion: 'v1', kind: 'ServiceAccount', name, namespace }))
        throw refuse(404, 'NotFound', made, `serviceaccounts "${name}" not found`)
      if (seconds < 600)
        throw refuse(422, 'Invalid', made, 'spec.expirationSeconds: may not specify a duration less than 10 minutes')
      return fakeToken({ iss: FAKE_ISSUER, sub: `system:serviceaccount:${namespace}:${name}`, aud: [audience] })
    },
    async served(signal) {
      reads.push(call('served', { kind: 'APIGroup' }, signal))
      return new Set([
        ...BUILT_IN,
        ...select(DEFINITIONS)
          .filter(isEstablished)
          .map(({ metadata }) => metadata.name),
      ])
    },
    async canI(access, signal) {
      const { resource: kind, namespace } = access
      reads.push(call('canI', { kind, namespace }, signal))
      return denials.every((denies) => !denies(access)) && (options.allows?.(access) ?? true)
    },
    async version(signal) {
      call('version', { kind: 'version' }, signal)
      return options.version ?? 'v1.35.4'
    },
    seed: (object, manager = 'somebody') => store.replace(object, `${manager}/Update`, true),
    applyAs: (manager, object) => store.apply(object, { owner: `${manager}/Apply`, force: true, dryRun: false }),
    setStatus: (ref, status) => store.setStatus(ref, status, 'controller/Update/status'),
    settle,
    event,
    setLogs: ({ namespace, name }, text) => void texts.set(`${namespace}/${name}`, text),
    servePod: ({ namespace, name, port }, serve) => {
      const server = createServer(serve)
      ports.set(`${namespace}/${name}:${port}`, (far) => void server.emit('connection', far))
    },
    serveStream: ({ namespace, name, port }, serve) => void ports.set(`${namespace}/${name}:${port}`, serve),
    deny: (match) => void denials.push(match),
    failNext(match, error, times = 1) {
      const test = typeof match === 'string' ? (made: KubeCall) => made.verb === match : match
      faults.push({ match: test, error, left: times })
    },
  }
}

function changed(onChange: (listener: () => void) => () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const stop = onChange(done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
