import type { KubeObject, Services, StepContext } from '../../src/ports/index.ts'
import { refOf } from '../desired.ts'
import { remoteName } from '../names.ts'
import { otherLayout } from '../secrets/other-layout.ts'
import { addressOf, entriesOf, syncedObjects } from './synced-objects.ts'

/** Addresses in the layout that the configuration does not name, for which a live ExternalSecret asks. */
export function asksElsewhere({ config }: Pick<Services, 'config'>, live: KubeObject | undefined): readonly string[] {
  if (live === undefined) return []
  const { items, layout } = config.secrets
  const elsewhere = new Set(Object.keys(items).map((name) => remoteName(config, name, otherLayout(layout))))
  return entriesOf(live).flatMap(({ remoteRef }) => {
    const address = addressOf(remoteRef)
    return elsewhere.has(address) ? [address] : []
  })
}

/** As {@link asksElsewhere}, of all ExternalSecrets that the configuration wants. */
export async function askedElsewhere(ctx: Services & Pick<StepContext, 'signal'>): Promise<readonly string[]> {
  const objects = await syncedObjects(ctx)
  const live = await Promise.all(objects.map((object) => ctx.kube.find(refOf(object), ctx.signal)))
  return [...new Set(live.flatMap((object) => asksElsewhere(ctx, object)))]
}
