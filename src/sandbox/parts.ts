import { awsPart } from './aws/index.ts'
import { controlPlanePart } from './control-plane/part.ts'
import { databasePart } from './database/index.ts'
import { operatorsPart } from './operators/index.ts'
import type { Part } from './part.ts'
import { runtimePart } from './runtime/index.ts'
import { upstreamPart } from './upstream/index.ts'

/** What everything stands on; these start side by side. */
export const FOUNDATION: readonly Part[] = [controlPlanePart, awsPart]

/** What runs behind pods and Services; it needs the foundation. */
export const OPERATORS: readonly Part[] = [operatorsPart, upstreamPart, runtimePart, databasePart]

/** All parts, in the order of their start. */
export const PARTS: readonly Part[] = [...FOUNDATION, ...OPERATORS]
