import type { Cause } from '../engine/step.ts'
import type { ObjectRef } from './kube.ts'

/** Health of one object, as its kind defines it. `failed` = will not get ready without a change. */
export type Health =
  | { readonly ref: ObjectRef; readonly health: 'ready' }
  | { readonly ref: ObjectRef; readonly health: 'progressing'; readonly waitingFor: string }
  | { readonly ref: ObjectRef; readonly health: 'failed'; readonly cause: Cause }
  | { readonly ref: ObjectRef; readonly health: 'absent' }

/**
 * Typed readers of readiness: Deployment, StatefulSet, DaemonSet, Job, PersistentVolumeClaim, CustomResourceDefinition,
 * Validating/MutatingWebhookConfiguration, ExternalSecret, ClusterSecretStore, SecretStore, ConstraintTemplate and constraints.
 * A kind it has no reader for is ready when it exists.
 */
export interface Readiness {
  /** Health of each, in order; reads only. Kinds are listed in parallel, once each. */
  look(refs: readonly ObjectRef[], signal?: AbortSignal): Promise<readonly Health[]>
  /**
   * Watches until all are ready. Ends within seconds with a `StepError` that carries pod, container, last log lines or event
   * when one cannot get ready; ends with `NotReady` naming what is missing after `timeoutMs`. A failure that may heal by
   * itself ends it only after it has lasted for `graceMs` of this wait.
   */
  wait(
    refs: readonly ObjectRef[],
    options: {
      readonly timeoutMs: number
      readonly graceMs?: number
      readonly signal: AbortSignal
      readonly report: (line: string) => void
    },
  ): Promise<void>
  /**
   * Repeats `probe` while it fails with `WebhookUnavailable`: pods are ready before their admission webhook answers.
   * Any other error ends it at once, the last one after `timeoutMs`.
   */
  answers(
    probe: (signal: AbortSignal) => Promise<unknown>,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly report: (line: string) => void },
  ): Promise<void>
}
