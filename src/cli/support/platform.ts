import { stringify } from 'yaml'
import { diagnose } from '../../../steps/diagnose/index.ts'
import { componentFacts } from '../../../steps/facts.ts'
import { isReleaseStep } from '../../../steps/helm-release.ts'
import { effectiveValues, withoutPasswords } from '../../config/effective.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { componentStates } from '../../engine/decide.ts'
import type { Looked } from '../../engine/look.ts'
import { jsonOfComponents } from '../run/json-of-components.ts'
import { lookForOrphans } from '../run/orphans.ts'
import { planDocumentOf } from '../run/plan-document.ts'
import type { Session } from '../run/session.ts'
import type { Bundle } from './bundle.ts'
import { strippedObject } from './scrub.ts'

/** The effective configuration, and where each value comes from. */
export function addConfiguration(bundle: Bundle, loaded: LoadedConfig): void {
  bundle.addText('config.yaml', stringify(withoutPasswords(loaded.config)))
  const origins = effectiveValues(loaded).map(({ path, origin }) => [path, origin ?? { kind: 'derived' }])
  bundle.addJson('config-origins.json', { file: loaded.file ?? null, origins: Object.fromEntries(origins) })
}

/** What `status`, `plan` and `diagnose` say. */
export async function gatherStates(bundle: Bundle, session: Session): Promise<void> {
  const { graph, ctx, stop } = session
  const scene = { ...ctx, signal: stop.signal }
  const own = graph.order.filter((step) => step.off?.(ctx) === undefined)
  await bundle.gather('status and diagnose', async () => {
    const looked = await session.lookQuietly(graph, { diff: false })
    const facts = await componentFacts(own, scene)
    const { components, ...head } = jsonOfComponents(session, componentStates(graph, looked))
    bundle.addJson('status.json', {
      ...head,
      components: components.map((state) => ({ ...state, ...facts.get(state.component) })),
    })
    bundle.addJson('diagnose.json', await diagnosed(session, looked))
  })
  await bundle.gather('plan', async () => {
    const [looked, orphans] = await Promise.all([
      session.lookQuietly(graph, { diff: true }),
      lookForOrphans(session, 'all'),
    ])
    const choice = { named: [], skipped: [] }
    bundle.addJson(
      'plan.json',
      planDocumentOf(session, { choice, components: componentStates(graph, looked), orphans }),
    )
  })
}

async function diagnosed({ graph, ctx, stop }: Session, { observations }: Looked) {
  return await diagnose(graph.order, { ...ctx, signal: stop.signal, observations })
}

/** History and newest manifest of every release of ours. */
export async function gatherReleases(bundle: Bundle, { graph, ctx, stop }: Session): Promise<void> {
  await Promise.all(
    graph.order.filter(isReleaseStep).map(async (step) => {
      const { name, namespace } = step.place(ctx.config)
      const folder = `releases/${namespace}/${name}`
      await bundle.gather(folder, async () => {
        const history = await ctx.helm.history(name, namespace, stop.signal)
        const [newest] = history
        if (newest === undefined) return
        bundle.addJson(
          `${folder}/history.json`,
          history.map(({ revision, status, chart, updatedAt, description, inputs, deployment }) => {
            return { revision, status, chart, updatedAt, description, inputs, deployment }
          }),
        )
        bundle.addJson(`${folder}/manifest.json`, newest.manifest.map(strippedObject))
      })
    }),
  )
}
