import { type Diagnosis, diagnose } from '../../../steps/diagnose/index.ts'
import type { Graph } from '../../engine/graph.ts'
import type { Looked } from '../../engine/look.ts'
import type { Services } from '../../ports/index.ts'
import { withPasteableHints } from './pasteable.ts'
import type { Session } from './session.ts'

/** What is wrong with these steps, down to the root; hints lead to the platform of this run. */
export async function diagnoseSteps(
  session: Session,
  { graph, looked }: { readonly graph: Graph<Services>; readonly looked: Looked },
  concerned: (id: string) => boolean,
): Promise<readonly Diagnosis[]> {
  const { ctx, stop, request } = session
  const scene = { ...ctx, signal: stop.signal, observations: looked.observations }
  const steps = graph.order.filter(({ id }) => concerned(id))
  const found = await diagnose(steps, scene)
  return found.map((one) => {
    const [first, ...deeper] = one.causes.map((cause) => withPasteableHints(cause, request.flags))
    return first === undefined ? one : { ...one, causes: [first, ...deeper] }
  })
}
