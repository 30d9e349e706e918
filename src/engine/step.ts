/** The step contract. The engine is generic over `Ctx`: what a step may see is decided outside (src/ports). */

/** One difference between what is and what is wanted, as a plan prints it. */
export interface Change {
  readonly action: 'create' | 'update' | 'replace' | 'delete' | 'adopt' | 'run'
  /** Kind and full name, e.g. `iam role llmgw-litellm`, `helm release litellm/redis`. Unique within a step. */
  readonly target: string
  /** Field by field, already masked. */
  readonly fields?: readonly FieldChange[]
  /** Free text for what has no fields, e.g. a reason. */
  readonly detail?: string
  /** Who makes it differ; absent where it is new or cannot be told. */
  readonly by?: ChangedBy
  /** Digest of what it is made from, where its fields do not tell all of it: binds a plan that is kept. */
  readonly inputs?: string
}

/** `configuration`: it wants something else than at the last deploy. `others`: somebody changed what was deployed. */
export type ChangedBy = 'configuration' | 'others'

export interface FieldChange {
  /** Dotted path, e.g. `spec.replicas`. */
  readonly path: string
  /** Rendered value; absent = was not there. */
  readonly before?: string
  /** Rendered value; absent = will not be there. */
  readonly after?: string
  /** Who makes this field differ, where a change has fields of both. */
  readonly by?: ChangedBy
}

/** Why something is unhealthy or could not be looked at. */
export interface Cause {
  /** Stable PascalCase name that `llmgw explain` knows. */
  readonly code: string
  /** What, which object, found against expected; lower case, no full stop. */
  readonly message: string
  /** The tool's own words: event, last log lines, API message. */
  readonly evidence?: readonly string[]
  /** The next command. */
  readonly hint?: string
  /** The object that it is about, where it is one: what looks for the root of it starts there. */
  readonly about?: {
    readonly apiVersion: string
    readonly kind: string
    readonly name: string
    readonly namespace?: string
  }
}

/** Something that carries the mark of the deployment and that its configuration no longer wants. */
export interface Orphan {
  /** Kind and full name, as changes name it. */
  readonly target: string
  /** Why it is never removed, with the command that would; absent = removed on request. */
  readonly kept?: string
}

export type Observation<Out = unknown> =
  | { readonly state: 'missing'; readonly changes: readonly Change[] }
  | { readonly state: 'current'; readonly out: Out }
  | { readonly state: 'settling'; readonly out?: Out }
  /** With `out` (also `out: undefined` of a step without output) it is usable as it stands: `ready` edges hold when it is left alone. */
  | { readonly state: 'drifted'; readonly changes: readonly Change[]; readonly out?: Out }
  | { readonly state: 'broken'; readonly cause: Cause; readonly changes: readonly Change[] }
  | { readonly state: 'unknown'; readonly cause: Cause }
  /** `on` = ids of the steps that must run first. Made by the engine when a check asks for an output that is not there yet. */
  | { readonly state: 'waiting'; readonly on: readonly string[] }

export type StepState = Observation['state']

/** What the engine adds to `Ctx` for each call of a step's method. */
export interface StepRuntime {
  /**
   * Output of a step named in `needs`: resolves as soon as that step's own look, or its run, gives one.
   * While looking, rejects with {@link NotYetKnown} when that step has none yet: let it pass, the engine turns it into `waiting`.
   */
  output<Out>(step: Step<never, Out>): Promise<Out>
  /** Aborted on cancellation and on the step's deadline: pass it to every slow call. */
  readonly signal: AbortSignal
  /** Progress or what is waited for, one line, plain text, never a secret. */
  report(line: string): void
  /** `diff`: also work out field-by-field changes that cost a process or many requests. `deep`: look at every object, not only workloads. */
  readonly look: { readonly diff: boolean; readonly deep: boolean }
}

export interface Need<Ctx> {
  /**
   * `applied`: its objects are submitted. `ready`: it is usable. `after`: only the order, where both are part of a run;
   * it need not be there, and does not bring or hold the other. Take the weakest that is true.
   */
  readonly edge: 'applied' | 'ready' | 'after'
  readonly step: Step<Ctx, unknown>
}

export interface Step<Ctx, Out = void> {
  /** kebab-case, unique, equals the file name. */
  readonly id: string
  /** Imperative: `Install Redis`. */
  readonly title: string
  /** Name from the closed list of components. */
  readonly component: string
  readonly needs: readonly Need<Ctx>[]
  /** Reason why this configuration has no such step, or undefined. */
  off?(ctx: Ctx): string | undefined
  /** Reads only, parallel-safe, cheap. A throw means `unknown`. */
  check(ctx: Ctx & StepRuntime): Promise<Observation<Out>>
  /** Idempotent; submits the change. `seen` is the observation the run agreed on, made again just before. */
  apply(ctx: Ctx & StepRuntime, seen: Observation<Out>): Promise<void>
  /** Watches until usable; reports progress; fails fast with a cause. Without it, applied means ready. */
  ready?(ctx: Ctx & StepRuntime): Promise<Out>
  /** What V prints; never a secret value. */
  view?(ctx: Ctx & StepRuntime): Promise<string>
  /**
   * What this configuration wants of the step, as changes name their targets: the rest of what carries our mark is
   * orphaned. Needed where `apply` makes something that searches for orphans find. Reads nothing outside.
   */
  owns?(ctx: Ctx): Promise<readonly string[]>
  /** Removes what `apply` made; succeeds when already gone. */
  destroy?(ctx: Ctx & StepRuntime): Promise<void>
}

/** Thrown by `output` while looking, when the other step has not run yet. */
export class NotYetKnown extends Error {
  readonly stepId: string

  constructor(stepId: string) {
    super(`the output of step "${stepId}" is not known before it has run`)
    this.name = 'NotYetKnown'
    this.stepId = stepId
  }
}

/** An edge to a step whose objects must be submitted. */
export function applied<Ctx, Out>(step: Step<Ctx, Out>): Need<Ctx> {
  return { edge: 'applied', step: step as Step<Ctx, unknown> }
}

/** An edge to a step that has its turn first, if it has one at all. */
export function goesAfter<Ctx, Out>(step: Step<Ctx, Out>): Need<Ctx> {
  return { edge: 'after', step: step as Step<Ctx, unknown> }
}

/** An edge to a step that must be usable. */
export function ready<Ctx, Out>(step: Step<Ctx, Out>): Need<Ctx> {
  return { edge: 'ready', step: step as Step<Ctx, unknown> }
}
