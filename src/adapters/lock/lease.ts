import type { Kube, KubeObject, ObjectRef } from '../../ports/kube.ts'

/** Where Kubernetes' own components keep theirs. */
const NAMESPACE = 'kube-system'
/** A holder that has not renewed for this long is dead. */
export const LEASE_SECONDS = 15

const COMMAND = 'llmgw.dev/command'
const RUN = 'llmgw.dev/run'

/** Who holds the lock, and since when (ISO 8601) with which command. */
export interface Holding {
  readonly holder: string
  readonly since: string | undefined
  readonly command: string | undefined
  /** Its process, by which another run on the same host can tell whether it lives (`run-id.ts`). */
  readonly run: string | undefined
  /** Last sign of life, by the clock of the holder's machine; ISO 8601. */
  readonly renewed: string | undefined
}

export interface Holder {
  readonly deployment: string
  readonly holder: string
  readonly command: string
  /** `<host>.<pid>.<start time>`, as in `run-id.ts`. */
  readonly run: string
}

export const leaseRef = (deployment: string): ObjectRef => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  name: `llmgw-${deployment}`,
  namespace: NAMESPACE,
})

interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
  readonly leaseDurationSeconds?: number
}

const specOf = (lease: KubeObject): LeaseSpec => (lease.spec ?? {}) as LeaseSpec

/** Who holds this lease; undefined when nobody does. */
export function holdingOf(lease: KubeObject): Holding | undefined {
  const { holderIdentity, acquireTime, renewTime } = specOf(lease)
  if (holderIdentity === undefined || holderIdentity === null || holderIdentity === '') return undefined
  const { [COMMAND]: command, [RUN]: marked } = lease.metadata.annotations ?? {}
  const run = marked === undefined ? undefined : runOf(marked, holderIdentity)
  return { holder: holderIdentity, since: acquireTime, command, run, renewed: renewTime }
}

/** A holder that knows no such mark leaves that of the holder before it, which says nothing about this one. */
function runOf(mark: string, holder: string): string | undefined {
  const [run = '', ...of] = mark.split(' ')
  return of.join(' ') === holder ? run : undefined
}

const annotationsOf = ({ command, run, holder }: Holder): Readonly<Record<string, string>> => ({
  [COMMAND]: command,
  [RUN]: `${run} ${holder}`,
})

/** For how long to watch a holder that does not renew: what it promised itself, in ms. */
export function durationMs(lease: KubeObject): number {
  return (specOf(lease).leaseDurationSeconds ?? LEASE_SECONDS) * 1000
}

/** `microTime` as the API wants it. */
function micro(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z')
}

/** Makes the lease with us as holder. @throws `AlreadyExists` (code) */
export async function createLease(kube: Kube, us: Holder, now: number, signal: AbortSignal): Promise<KubeObject> {
  const { name, namespace, apiVersion, kind } = leaseRef(us.deployment)
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { 'app.kubernetes.io/managed-by': 'llmgw', 'llmgw.dev/deployment': us.deployment },
    annotations: annotationsOf(us),
  }
  return await kube.create({ apiVersion, kind, metadata, spec: takenBy(us, now, 0) }, signal)
}

/** Puts us in the place of whoever held exactly this version of the lease. @throws `Conflict` (code) when it has changed since */
export async function takeLease(
  kube: Kube,
  us: Holder,
  { lease, now, signal }: { readonly lease: KubeObject; readonly now: number; readonly signal: AbortSignal },
): Promise<KubeObject> {
  const transitions = (specOf(lease).leaseTransitions ?? 0) + 1
  const patch = {
    metadata: { resourceVersion: lease.metadata.resourceVersion, annotations: annotationsOf(us) },
    spec: takenBy(us, now, transitions),
  }
  return await kube.patch(leaseRef(us.deployment), patch, signal)
}

function takenBy({ holder }: Holder, now: number, leaseTransitions: number) {
  const at = micro(now)
  return {
    holderIdentity: holder,
    acquireTime: at,
    renewTime: at,
    leaseTransitions,
    leaseDurationSeconds: LEASE_SECONDS,
  }
}

/** A sign of life. @throws `Conflict` (code) when the lease has changed since `resourceVersion` */
export async function renewLease(
  kube: Kube,
  deployment: string,
  options: { readonly resourceVersion: string; readonly now: number; readonly signal: AbortSignal },
): Promise<KubeObject> {
  const { resourceVersion, now, signal } = options
  return await kube.patch(
    leaseRef(deployment),
    { metadata: { resourceVersion }, spec: { renewTime: micro(now) } },
    signal,
  )
}

/** Frees the lease if this holder still has it; false when it has not. @throws `Conflict` (code) when it was renewed in between */
export async function clearLease(
  kube: Kube,
  { deployment, holder }: Pick<Holder, 'deployment' | 'holder'>,
  signal?: AbortSignal,
): Promise<boolean> {
  const lease = await kube.find(leaseRef(deployment), signal)
  if (!lease || holdingOf(lease)?.holder !== holder) return false
  const patch = { metadata: { resourceVersion: lease.metadata.resourceVersion }, spec: { holderIdentity: null } }
  await kube.patch(leaseRef(deployment), patch, signal)
  return true
}
