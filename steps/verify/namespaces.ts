import { differences } from '../desired.ts'
import { namespaceNames } from '../names.ts'
import { wantedNamespaces } from '../namespaces/wanted.ts'
import { type Check, verdict } from './check.ts'

/** Every namespace is active and enforces its Pod Security level. */
export const namespacesHold: Check = {
  id: 'namespaces',
  component: 'namespaces',
  title: 'Namespaces are active and carry their Pod Security levels',
  async run(ctx) {
    const [wanted, all] = await Promise.all([
      wantedNamespaces(ctx),
      ctx.kube.list({ apiVersion: 'v1', kind: 'Namespace' }, ctx.signal),
    ])
    const wrong = wanted.flatMap(({ metadata: { name, labels } }) => {
      const live = all.find(({ metadata }) => metadata.name === name)
      if (live === undefined) return [`${name} is not there`]
      if (live.metadata.deletionTimestamp !== undefined) return [`${name} is being deleted`]
      return differences(labels, live.metadata.labels).map(
        ({ path, before, after }) => `${name}: ${path} is ${before ?? 'absent'}, expected ${after}`,
      )
    })
    const names = namespaceNames(ctx.config).join(', ')
    return verdict(`namespaces ${names}`, wrong, {
      good: `${wanted.length} as wanted`,
      hint: 'llmgw deploy namespaces',
    })
  },
}
