import { StepError } from '../../src/errors.ts'
import type { KubeObject, StepContext } from '../../src/ports/index.ts'
import { ownerOf } from '../ownership.ts'

interface CrdSpec {
  readonly group: string
  readonly names: { readonly kind: string }
  readonly versions: readonly { readonly name: string; readonly served: boolean }[]
}

/**
 * Deleting a CRD deletes the resources of everybody.
 * @returns resources of their kinds, all of this deployment
 * @throws StepError ForeignResources
 */
export async function refuseForeignResources(
  ctx: StepContext,
  crds: readonly KubeObject[],
): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    crds.map(async (crd) => {
      const { group, names, versions } = crd.spec as CrdSpec
      const version = versions.find(({ served }) => served)?.name
      if (version === undefined) return []
      return await ctx.kube.list({ apiVersion: `${group}/${version}`, kind: names.kind }, ctx.signal)
    }),
  )
  const foreign = lists.flat().filter(({ metadata }) => ownerOf(metadata.labels) !== ctx.config.deployment)
  if (foreign.length === 0) return lists.flat()
  const names = foreign.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
  throw new StepError('ForeignResources', `deleting the CRDs would delete ${foreign.length} resources of others`, {
    cause: names.slice(0, 10),
    hint: 'remove these first, or leave out --delete-crds',
  })
}
