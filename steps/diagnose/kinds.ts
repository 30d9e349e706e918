import type { Cause } from '../../src/engine/step.ts'
import type { KubeObject, LlmgwStep, ReleaseRecord } from '../../src/ports/index.ts'
import { refOf } from '../desired.ts'
import { aboutOf, nameOf, type Scene } from './scene.ts'

interface CrdSpec {
  readonly names?: { readonly kind: string }
  readonly versions?: readonly { readonly name: string; readonly served: boolean }[]
}

const specOf = ({ spec }: KubeObject): CrdSpec => (spec ?? {}) as CrdSpec
const served = (crd: KubeObject): readonly string[] =>
  (specOf(crd).versions ?? []).flatMap((version) => (version.served ? [version.name] : []))

/** A definition of the release that is gone, or that serves less than the release brought: everything of its kind stands still. */
export async function kindTrouble(
  { component }: LlmgwStep<unknown>,
  { manifest }: ReleaseRecord,
  { kube, signal }: Scene,
): Promise<Cause | undefined> {
  const wanted = manifest.filter(({ kind }) => kind === 'CustomResourceDefinition')
  const live = await Promise.all(wanted.map((crd) => kube.find({ ...refOf(crd), namespace: undefined }, signal)))
  for (const [index, crd] of wanted.entries()) {
    const ref = { ...refOf(crd), namespace: undefined }
    const found = live[index]
    const hint = `llmgw deploy ${component} --deep`
    if (found === undefined) {
      const kind = specOf(crd).names?.kind ?? ''
      const message = `${nameOf(ref)} is not there, so the API server does not know the kind ${kind}`
      return { code: 'CrdMissing', message, hint, about: aboutOf(ref) }
    }
    const lacking = served(crd).filter((version) => !served(found).includes(version))
    if (lacking.length === 0) continue
    const has = served(found).join(', ') || 'no version'
    const message = `${nameOf(ref)} serves ${has} only, and ${lacking.join(', ')} is needed`
    return { code: 'CrdOlder', message, hint, about: aboutOf(ref) }
  }
  return undefined
}
