/** Source: k8s.io/kubernetes/pkg/kubelet/kubelet.go, backOffPeriod and MaxCrashLoopBackOff; v1.35. */
const FIRST_MS = 10_000
const LONGEST_MS = 300_000
/** A container that ran twice the longest delay has earned a fresh start. */
const FORGIVEN_AFTER_MS = 2 * LONGEST_MS

/** Delays before restarts as a kubelet takes them: none before the first, then 10 s, doubled up to 5 minutes. */
export function restartDelays(): { next(ranForMs: number): number } {
  let delay = 0
  return {
    next(ranForMs) {
      if (ranForMs >= FORGIVEN_AFTER_MS) delay = 0
      const now = delay
      delay = delay === 0 ? FIRST_MS : Math.min(delay * 2, LONGEST_MS)
      return now
    },
  }
}
