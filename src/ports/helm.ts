import type { Change } from '../engine/step.ts'
import type { KubeObject } from './kube.ts'

/** A release as it is wanted. */
export interface ReleaseSpec {
  readonly name: string
  readonly namespace: string
  /** Key in the chart lock file, e.g. `redis-ha`. */
  readonly chart: string
  /** All values, merged; go to helm on standard input. */
  readonly values: Readonly<Record<string, unknown>>
  /** For hooks and Helm's own bookkeeping; the wait for workloads is ours. */
  readonly timeoutMs: number
}

export interface ChartInfo {
  readonly name: string
  readonly version: string
  /** `sha256:…` of the archive, or of the canonical listing of an unpacked chart. */
  readonly digest: string
  /** A small chart of our own in the place of the real one: never evidence that values fit. */
  readonly standIn: boolean
  /** The lock file pins the digest, and it was compared. False = outputs say `digest not pinned`. */
  readonly pinned?: boolean
  /** Versions of Kubernetes that the chart takes, as its Chart.yaml says, e.g. `>=1.25.0-0`. */
  readonly kubeVersion?: string
}

export type ReleaseStatus =
  | 'deployed'
  | 'failed'
  | 'uninstalling'
  | 'uninstalled'
  | 'superseded'
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback'
  | 'unknown'

/** The newest revision of a release, read from its Secret in the cluster (no helm process). */
export interface ReleaseRecord {
  readonly name: string
  readonly namespace: string
  readonly revision: number
  readonly status: ReleaseStatus
  readonly chart: { readonly name: string; readonly version: string; readonly standIn: boolean }
  /** Digest of the inputs the release was made from; absent on releases that others made. */
  readonly inputs?: string
  /** Deployment that owns it, from our label; absent on releases that others made. */
  readonly deployment?: string
  readonly manifest: readonly KubeObject[]
  /** RFC 3339. */
  readonly updatedAt: string
  /** Helm's own words about the last operation. */
  readonly description: string
  /** Made by the process that reads it. */
  readonly ownRun?: boolean
  /** Its workloads did not get ready in the run that made it, as far as that was noted: Helm itself knows only what it has submitted. */
  readonly unready?: boolean
}

/** The CRDs that a chart keeps in `crds` folders, its own and its subcharts'. */
export interface ChartCrds {
  readonly chart: ChartInfo
  /** Parsed when first asked for: some are a megabyte. Empty = the chart has no such folder. */
  objects(): Promise<readonly KubeObject[]>
}

/** Throws `StepError` with helm's last meaningful line as cause, `PreflightError` for a missing or too old helm. */
export interface Helm {
  /** Newest revision, or undefined when there is no release of that name. */
  find(name: string, namespace: string, signal?: AbortSignal): Promise<ReleaseRecord | undefined>
  /** Releases that carry the mark of this deployment, in any namespace, but for `except`; reads only those. */
  owned(
    except: readonly { readonly name: string; readonly namespace: string }[],
    signal?: AbortSignal,
  ): Promise<readonly ReleaseRecord[]>
  /** Digest over chart digest, version and effective values, and the chart it stands on. No helm process when the chart is cached or in a directory. */
  inputs(spec: ReleaseSpec, signal?: AbortSignal): Promise<{ readonly digest: string; readonly chart: ChartInfo }>
  /** CRDs in the `crds` folders of a chart, which Helm installs once and never upgrades. `chart` is its key in the lock file. */
  crds(chart: string, signal?: AbortSignal): Promise<ChartCrds>
  /** Fields that Helm owns (managedFields) and that differ live from the recorded manifest; workloads only unless `deep`. */
  drift(
    record: ReleaseRecord,
    options: { readonly deep: boolean; readonly signal?: AbortSignal },
  ): Promise<readonly Change[]>
  /** What `upgrade` would change, by server-side dry run against the live objects; secrets masked. Starts helm. */
  diff(spec: ReleaseSpec, signal?: AbortSignal): Promise<readonly Change[]>
  /**
   * `helm upgrade --install`; waits for hooks only. Heals a release left in `pending-*` by a dead run first, keeping its history.
   * `adopt` takes over objects of other releases and of nobody, and reports each.
   */
  upgrade(
    spec: ReleaseSpec,
    options: { readonly signal: AbortSignal; readonly report: (line: string) => void; readonly adopt?: boolean },
  ): Promise<void>
  /** Every revision that is kept, newest first; empty when there is no release of that name. */
  history(name: string, namespace: string, signal?: AbortSignal): Promise<readonly ReleaseRecord[]>
  /** Notes on a revision whether its workloads got ready. Nothing is done where another one is the newest by now. */
  noteReady(
    release: Pick<ReleaseRecord, 'name' | 'namespace' | 'revision'>,
    ready: boolean,
    signal?: AbortSignal,
  ): Promise<void>
  /**
   * `helm rollback`: a new revision with chart, values and marks of this one; waits for hooks only, heals as `upgrade` does.
   * Its digest of inputs is that of the revision it went back to, so that a plan shows what differs from the configuration.
   * `givenUp` says why the newest revision is left: it is kept as failed, since Helm calls deployed what never got ready.
   */
  rollback(
    release: {
      readonly name: string
      readonly namespace: string
      readonly revision: number
      readonly timeoutMs: number
      readonly givenUp?: string
    },
    options: { readonly signal: AbortSignal; readonly report: (line: string) => void },
  ): Promise<void>
  /** False when there was no such release. Waits for hooks only. */
  uninstall(
    name: string,
    namespace: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<boolean>
}
