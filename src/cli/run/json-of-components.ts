import { overridesOf } from '../../config/overrides.ts'
import type { ComponentState } from '../../engine/decide.ts'
import type { Cause, Change, Observation } from '../../engine/step.ts'
import type { Session } from './session.ts'

/** States and changes as data; outputs of steps are between steps. */
export function jsonOfComponents(session: Session, components: readonly ComponentState[]) {
  return {
    command: session.request.command,
    target: session.guarded.target,
    startedProcesses: session.world.startedProcesses(),
    components: components.map(({ component, state, steps }) => ({
      component,
      state,
      ...overridden(session, component),
      steps: steps.map(({ id, seen }) => ({ id, ...told(seen) })),
    })),
  }
}

/** The user's values of its chart, and where they come from. */
function overridden({ world }: Session, component: string) {
  const overrides = overridesOf(world.loaded)
    .filter((override) => override.component === component)
    .map(({ keys, value, origin }) => ({ path: keys.join('.'), value, origin }))
  return overrides.length === 0 ? {} : { overrides }
}

type Told = Pick<Observation, 'state'> & {
  readonly changes?: readonly Change[]
  readonly cause?: Cause
  readonly on?: readonly string[]
}

function told(seen: Observation): Told {
  const { out: _out, ...rest } = { out: undefined, ...seen }
  return rest
}
