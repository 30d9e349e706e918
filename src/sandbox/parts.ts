import { awsPart } from './aws/index.ts'
import { controlPlanePart } from './control-plane/part.ts'
import { operatorsPart } from './operators/index.ts'
import type { Part } from './part.ts'

/** What everything stands on; these start side by side. */
export const FOUNDATION: readonly Part[] = [controlPlanePart, awsPart]

/** Real controllers; they need the foundation. */
export const OPERATORS: readonly Part[] = [operatorsPart]

/** All parts, in the order of their start. */
export const PARTS: readonly Part[] = [...FOUNDATION, ...OPERATORS]
