/** What goes wrong with calls until it has happened so often. */
export interface Fault {
  /** `throttle` 429, `error` 500, `denied` 403, `slow` a late answer, `cut` a stream or answer that ends in the middle. */
  readonly kind: 'throttle' | 'error' | 'denied' | 'slow' | 'cut'
  /** Only calls of this model; absent = all. */
  readonly model?: string
  /** Calls that it spoils; absent = all that follow. */
  readonly times?: number
  /** Delay of `slow`. */
  readonly delayMs?: number
}

const KINDS: ReadonlySet<string> = new Set(['throttle', 'error', 'denied', 'slow', 'cut'])

/** Faults that were ordered, first in first out. */
export function faultPlan() {
  let plan: { fault: Fault; left: number }[] = []
  return {
    /** @throws Error on what is no fault */
    order(given: unknown): void {
      const fault = given as Fault
      if (typeof fault !== 'object' || fault === null || !KINDS.has(fault.kind)) {
        throw new Error(`kind must be one of ${[...KINDS].join(', ')}`)
      }
      plan.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
    },
    clear(): void {
      plan = []
    },
    /** The fault that spoils this call, used up by it. */
    take(model: string): Fault | undefined {
      const entry = plan.find(({ fault }) => fault.model === undefined || fault.model === model)
      if (entry === undefined) return undefined
      entry.left -= 1
      plan = plan.filter(({ left }) => left > 0)
      return entry.fault
    },
    list: (): readonly Fault[] => plan.map(({ fault, left }) => ({ ...fault, ...(left < 1e9 ? { times: left } : {}) })),
  }
}

export type FaultPlan = ReturnType<typeof faultPlan>
