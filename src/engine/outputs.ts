import { NotYetKnown } from './step.ts'

/** Outputs of steps, each given once; who asks early waits. */
export interface Outputs {
  /** Resolves with the output, rejects with {@link NotYetKnown} when the step ended without one. */
  of(id: string): Promise<unknown>
  give(id: string, out: unknown): void
  /** The step ended, or was left, without an output. */
  withhold(id: string): void
}

interface Deferred {
  readonly promise: Promise<unknown>
  readonly resolve: (out: unknown) => void
  readonly reject: (error: Error) => void
}

function defer(): Deferred {
  let resolve: Deferred['resolve'] = () => undefined
  let reject: Deferred['reject'] = () => undefined
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  // Nobody may ever ask for it; that is no unhandled rejection.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

/** Empty outputs for the steps of one look or run. */
export function createOutputs(ids: Iterable<string>): Outputs {
  const all = new Map([...ids].map((id) => [id, defer()]))
  return {
    of: (id) => all.get(id)?.promise ?? Promise.reject(new NotYetKnown(id)),
    give: (id, out) => all.get(id)?.resolve(out),
    withhold: (id) => all.get(id)?.reject(new NotYetKnown(id)),
  }
}
