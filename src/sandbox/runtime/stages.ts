import { parse, stringify } from 'yaml'
import { IMAGES, type ProgramName, type Programs } from './programs.ts'

interface Stage {
  readonly spec: {
    readonly resourceRef: { readonly kind: string }
    readonly selector: { readonly matchExpressions: readonly object[]; readonly matchLabels?: object }
  }
  readonly metadata: { readonly name: string }
}

/** Stages that move a Pod's status on; deletion stays kwok's. */
const MOVES_ON = new Set(['pod-ready', 'pod-complete'])

/** Makes kwok leave Pods alone that the runtime answers for: a function over the text of a stage. */
export function leavingRealPods(programs: Programs): (stage: string) => string {
  const names = Object.keys(programs) as ProgramName[]
  const images = names.map((name) => IMAGES[name]).join('|')
  const expression = {
    key: `[.spec.containers[].image | test("${images}")] | any`,
    operator: 'NotIn',
    values: ['true'],
  }
  return (text) => {
    const stage = parse(text) as Stage
    if (stage.spec.resourceRef.kind !== 'Pod' || !MOVES_ON.has(stage.metadata.name)) return text
    const selector = { ...stage.spec.selector, matchExpressions: [...stage.spec.selector.matchExpressions, expression] }
    return stringify({ ...stage, spec: { ...stage.spec, selector } })
  }
}
