import { readFile } from 'node:fs/promises'
import { Environment } from '@marcbachmann/cel-js'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/ports/index.ts'

export interface Template extends KubeObject {
  readonly spec: {
    readonly crd: { readonly spec: { readonly names: { readonly kind: string } } }
    readonly targets: readonly { readonly code: readonly { readonly engine: string; readonly source: Source }[] }[]
  }
}

interface Source {
  readonly failurePolicy: string
  readonly variables: readonly { readonly name: string; readonly expression: string }[]
  readonly validations: readonly { readonly expression: string; readonly messageExpression: string }[]
}

/** Where the files of a policy are. */
const policyFile = (id: string, name: 'template' | 'constraint'): URL =>
  new URL(`../../manifests/policies/${id}/${name}.yaml`, import.meta.url)

export async function readTemplate(id: string): Promise<Template> {
  return parse(await readFile(policyFile(id, 'template'), 'utf8')) as Template
}

function sourceOf(template: Template): Source {
  const source = template.spec.targets[0]?.code.find(({ engine }) => engine === 'K8sNativeValidation')?.source
  if (source === undefined) throw new Error(`${template.metadata.name} has no CEL`)
  return source
}

/** Kubernetes' string extensions that the library lacks. Source: Kubernetes documentation, CEL in Kubernetes. */
const environment = new Environment({ unlistedVariablesAreDyn: true }).registerFunction(
  'string.replace(string, string): string',
  (text: string, from: string, to: string) => text.replaceAll(from, to),
)

export interface Review {
  readonly object: unknown
  /** What it was before; absent = it is made, or audited. */
  readonly former?: unknown
}

/** What a template of ours says about an object: a second reading of its CEL, next to Gatekeeper's own. */
export function evaluate(template: Template, parameters: unknown, { object, former }: Review): readonly string[] {
  const { variables: definitions, validations } = sourceOf(template)
  const variables: Record<string, unknown> = { params: parameters, anyObject: object }
  const context = { object, oldObject: former ?? null, request: {}, variables }
  for (const { name, expression } of definitions) variables[name] = environment.evaluate(expression, context)
  return validations.flatMap(({ expression, messageExpression }) =>
    environment.evaluate(expression, context) === true
      ? []
      : [String(environment.evaluate(messageExpression, context))],
  )
}
