import { type Answer, componentStates, type OnExisting, type Question, questions } from '../../engine/decide.ts'
import type { Graph } from '../../engine/graph.ts'
import type { Looked } from '../../engine/look.ts'
import { select } from '../../engine/selection.ts'
import type { Services } from '../../ports/index.ts'
import { renderComponentPlan } from '../../ui/plan.ts'
import { askComponent, type PromptContext } from '../../ui/prompts.ts'
import { componentDetail } from '../../ui/status-table.ts'
import { overrideLines } from './override-lines.ts'
import type { Session } from './session.ts'
import { viewStep } from './view-step.ts'

interface Asking {
  readonly graph: Graph<Services>
  readonly looked: Looked
  readonly selected: ReadonlySet<string>
}

/** S, P, V, A, Q for each component that exists; none where the mode has settled it. */
export async function askAboutExisting(
  session: Session,
  asking: Asking,
  onExisting: OnExisting,
): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>()
  if (onExisting !== 'ask') return answers
  let auto = false
  const open = withStorage(session, asking, questions(asking.graph, asking.looked, asking.selected))
  for (const question of open) {
    const answer: Answer = auto ? 'auto' : await ask(session, asking, question)
    auto ||= answer === 'auto'
    answers.set(question.component, answer)
  }
  return answers
}

/** A storage class for the whole cluster is only made when the user agrees, so it is asked for like what exists. */
function withStorage(session: Session, { graph, looked }: Asking, existing: readonly Question[]): readonly Question[] {
  if (session.ctx.config.storage.manage !== 'ask') return existing
  const storage = componentStates(graph, looked).find(({ component }) => component === 'storage')
  if (storage?.state !== 'missing' || existing.some(({ component }) => component === 'storage')) return existing
  return [{ ...storage, default: 'proceed' }, ...existing]
}

async function ask(session: Session, asking: Asking, question: Question): Promise<Answer> {
  return await askComponent(
    {
      component: question.component,
      state: question.state,
      detail: componentDetail(question),
      default: question.default,
      view: () => view(session, asking, question),
    },
    promptContext(session),
  )
}

/** V: state, plan with a diff, and what each step tells about itself. The diff is looked for only now: it costs a helm process. */
async function view(session: Session, { graph }: Asking, { component }: Question): Promise<void> {
  const { graph: scope } = select(graph, [component], { withNeeds: false })
  const looked = await session.lookQuietly(scope, { diff: true })
  const found = componentStates(scope, looked).find((state) => state.component === component)
  if (found) session.print(renderComponentPlan(found, session.style, { overrides: overrideLines(session.world) }))
  const own = scope.order.filter((step) => step.component === component && step.view !== undefined)
  for (const step of own) session.print(await viewStep(session, step, looked))
}

/** Where questions are put. */
export function promptContext({ request, stop }: Session): PromptContext {
  return { input: request.host.stdin, output: request.host.stdout, signal: stop.signal }
}
