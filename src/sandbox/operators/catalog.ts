import { externalSecrets } from './catalog/external-secrets.ts'
import { gatekeeper } from './catalog/gatekeeper.ts'
import { prometheusOperator } from './catalog/prometheus-operator.ts'
import type { OperatorDefinition } from './definition.ts'

/** Every program that runs for real behind simulated pods. */
export const OPERATORS: readonly OperatorDefinition[] = [externalSecrets, gatekeeper, prometheusOperator]

/** The operator of this tool, or undefined when it is none. */
export function operatorOf(tool: string): OperatorDefinition | undefined {
  return OPERATORS.find((operator) => operator.tool === tool)
}
