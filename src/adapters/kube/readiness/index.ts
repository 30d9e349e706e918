import type { Kube } from '../../../ports/kube.ts'
import type { Readiness } from '../../../ports/readiness.ts'
import type { Clock } from '../../../ports/world.ts'
import { answers } from './answers.ts'
import { look } from './look.ts'
import { wait } from './wait.ts'

/** Readiness of objects, read through `kube`; graces and deadlines are measured on `clock`. */
export function createReadiness(kube: Kube, clock: Clock): Readiness {
  const world = { kube, clock }
  return {
    look: (refs, signal) => look(world, refs, signal),
    answers: (probe, options) => answers(clock, probe, options),
    wait: (refs, options) => wait(world, refs, options),
  }
}
