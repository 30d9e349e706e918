import { setTimeout as sleep } from 'node:timers/promises'
import type { Container, Probe } from './objects.ts'

export interface Probing {
  readonly container: Pick<Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'>
  /** Undefined = success, else why not. */
  readonly ask: (probe: Probe) => Promise<string | undefined>
  readonly onStarted: () => void
  readonly onReady: (ready: boolean) => void
  /** A probe of this kind failed; told each time. */
  readonly onFailure: (kind: ProbeKind, message: string) => void
  /** The container must be restarted. */
  readonly onDead: (kind: ProbeKind) => void
  readonly signal: AbortSignal
}

type ProbeKind = 'Startup' | 'Liveness' | 'Readiness'

/**
 * Probes a running container as its spec says until `signal` aborts: nothing else before the startup probe succeeded.
 * Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes"; defaults of the API reference, Probe.
 */
export async function keepProbing(probing: Probing): Promise<void> {
  const { startupProbe, livenessProbe, readinessProbe } = probing.container
  try {
    if (startupProbe && !(await untilStarted(probing, startupProbe))) return
    probing.onStarted()
    if (readinessProbe === undefined) probing.onReady(true)
    await Promise.all([
      readinessProbe && keep(probing, 'Readiness', readinessProbe),
      livenessProbe && keep(probing, 'Liveness', livenessProbe),
    ])
  } catch (error) {
    if (!probing.signal.aborted) throw error
  }
}

const pause = async (seconds: number, signal: AbortSignal): Promise<void> => {
  await sleep(seconds * 1000, undefined, { signal })
}

const period = ({ periodSeconds }: Probe): number => periodSeconds ?? 10

async function untilStarted(probing: Probing, probe: Probe): Promise<boolean> {
  await pause(probe.initialDelaySeconds ?? 0, probing.signal)
  for (let failures = 0; failures < (probe.failureThreshold ?? 3); failures += 1) {
    const problem = await probing.ask(probe)
    probing.signal.throwIfAborted()
    if (problem === undefined) return true
    probing.onFailure('Startup', problem)
    await pause(period(probe), probing.signal)
  }
  probing.onDead('Startup')
  return false
}

async function keep(probing: Probing, kind: 'Readiness' | 'Liveness', probe: Probe): Promise<void> {
  await pause(probe.initialDelaySeconds ?? 0, probing.signal)
  const verdicts = judge(probe)
  for (;;) {
    const problem = await probing.ask(probe)
    probing.signal.throwIfAborted()
    if (problem !== undefined) probing.onFailure(kind, problem)
    const verdict = verdicts.add(problem === undefined)
    if (verdict !== undefined && kind === 'Readiness') probing.onReady(verdict)
    if (verdict === false && kind === 'Liveness') return probing.onDead(kind)
    await pause(period(probe), probing.signal)
  }
}

/** Counts answers in a row; gives a verdict once there are as many as the probe asks for. */
function judge({ successThreshold = 1, failureThreshold = 3 }: Probe) {
  let row = { success: false, length: 0 }
  return {
    add(success: boolean): boolean | undefined {
      row = { success, length: success === row.success ? row.length + 1 : 1 }
      return row.length >= (success ? successThreshold : failureThreshold) ? success : undefined
    },
  }
}
