import type { Config } from '../src/config/schema.ts'
import type { PolicyDocument, Target } from '../src/ports/index.ts'
import { bedrockResources } from './bedrock-resources.ts'
import { secretArns } from './secret-arns.ts'

/** What the variables of a document stand for; a list takes the place of the list element that names it. */
export type DocumentValues = Readonly<Record<string, string | readonly string[]>>

/** The roles that pods take on: key of `config.irsa`. */
export type IrsaRole = keyof Config['irsa']

/** Documents of each role, relative to the package. */
export const IAM_DOCUMENTS: Readonly<Record<IrsaRole, { readonly trust: string; readonly policy: string }>> = {
  gateway: { trust: 'iam/gateway.trust.json', policy: 'iam/gateway.policy.json' },
  externalSecrets: { trust: 'iam/external-secrets.trust.json', policy: 'iam/external-secrets.policy.json' },
}

/** Where the pods of a role run. */
export const namespaceOfRole = ({ namespaces }: Config, role: IrsaRole): string =>
  role === 'gateway' ? namespaces.gateway : namespaces.secrets

/** Everything that the documents of a role may name. */
export function documentValues(config: Config, target: Target, role: IrsaRole): DocumentValues {
  const { partition, accountId, region, oidcIssuer } = target
  return {
    partition,
    accountId,
    region,
    oidcIssuer,
    dnsSuffix: partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com',
    namespace: namespaceOfRole(config, role),
    serviceAccount: config.irsa[role].serviceAccount,
    bedrockResources: bedrockResources(config, target),
    secretArns: secretArns(config, target),
    kmsKeyArns: config.secrets.kmsKeyArn === undefined ? [] : [config.secrets.kmsKeyArn],
  }
}

/**
 * A document of `iam/` with its variables filled in. A statement whose `Resource` names nothing is left out, since IAM
 * takes no empty list; undefined when no statement is left: then the role has no such policy.
 */
export function renderPolicy(template: unknown, values: DocumentValues): PolicyDocument | undefined {
  const document = fill(template, values) as PolicyDocument
  const Statement = document.Statement.filter(({ Resource }) => !(Array.isArray(Resource) && Resource.length === 0))
  return Statement.length === 0 ? undefined : { ...document, Statement }
}

/** Ours, `${region}`; IAM's own, `${aws:username}`, hold a colon and stay as they are. */
const VARIABLE = /\$\{(\w+)\}/g
const ONLY_A_VARIABLE = /^\$\{(\w+)\}$/

function fill(node: unknown, values: DocumentValues): unknown {
  if (typeof node === 'string') return fillText(node, values)
  if (Array.isArray(node))
    return node.flatMap((item): unknown[] => [...(listFor(item, values) ?? [fill(item, values)])])
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [fillText(key, values), fill(value, values)]))
}

function listFor(item: unknown, values: DocumentValues): readonly string[] | undefined {
  const name = typeof item === 'string' ? ONLY_A_VARIABLE.exec(item)?.[1] : undefined
  const value = name === undefined ? undefined : values[name]
  return typeof value === 'object' ? value : undefined
}

function fillText(text: string, values: DocumentValues): string {
  return text.replace(VARIABLE, (variable, name: string) => {
    const value = values[name]
    if (typeof value !== 'string') throw new Error(`IAM document: ${variable} has no text to stand for`)
    return value
  })
}
