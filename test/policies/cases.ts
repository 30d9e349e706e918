import type { KubeObject } from '../../src/ports/index.ts'
import { imageCases } from './cases/images.ts'
import { labelCases } from './cases/labels.ts'
import { mcpServerCases } from './cases/mcp-server.ts'
import { resourceCases } from './cases/resources.ts'
import { securityCases } from './cases/security.ts'

/** One object that a policy is asked about. */
interface PolicyCase {
  readonly name: string
  readonly object: KubeObject
  /** What it was before an update. */
  readonly former?: KubeObject
  /** What each violation must say, in the order of the template; none = it conforms. */
  readonly violations: readonly RegExp[]
}

/** A policy with parameters, and what is asked of it. */
export interface PolicyTable {
  readonly policy: string
  /** What tells this table from another of the same policy. */
  readonly title: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly cases: readonly PolicyCase[]
}

/** Read by unit tests in process, and by the real gator: both must agree with it. */
export const tables: readonly PolicyTable[] = [
  ...imageCases,
  ...labelCases,
  ...resourceCases,
  ...securityCases,
  ...mcpServerCases,
]
