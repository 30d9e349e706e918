import {
  type DocumentValues,
  documentValues,
  IAM_DOCUMENTS,
  type IrsaRole,
  renderPolicy,
} from '../../../steps/iam-document.ts'
import { isTree, type Tree } from '../../config/merge.ts'
import type { Config } from '../../config/schema.ts'
import { parseYamlFile } from '../../config/yaml-file.ts'
import { causeOf } from '../../engine/cause.ts'
import type { Assets, PolicyDocument } from '../../ports/index.ts'
import { supposedTarget } from './empty-world.ts'
import { type Finding, findingOf } from './finding.ts'

/** Characters without white space. Source: IAM user guide, "IAM and STS quotas": role inline policies; role trust policy, default. */
const LIMITS = { policy: 10_240, trust: 2_048 } as const

/** What is wrong with the IAM documents as this configuration renders them. */
export async function checkPolicies(config: Config, assets: Assets): Promise<readonly Finding[]> {
  const roles = Object.keys(IAM_DOCUMENTS) as IrsaRole[]
  const found = roles.map(async (role) => {
    try {
      const values = documentValues(config, supposedTarget(config), role)
      const kinds = ['trust', 'policy'] as const
      return (await Promise.all(kinds.map((kind) => checkDocument({ kind, role, values }, assets)))).flat()
    } catch (error) {
      return [findingOf(causeOf(error), IAM_DOCUMENTS[role].policy)]
    }
  })
  return (await Promise.all(found)).flat()
}

interface Subject {
  readonly kind: 'trust' | 'policy'
  readonly role: IrsaRole
  readonly values: DocumentValues
}

async function checkDocument({ kind, role, values }: Subject, assets: Assets): Promise<readonly Finding[]> {
  const file = IAM_DOCUMENTS[role][kind]
  const text = await assets.text(file)
  const parsed = parseYamlFile(file, new TextEncoder().encode(text))
  // What does not parse is reported with the data files.
  if (!('tree' in parsed)) return []
  const rendered = renderPolicy(parsed.tree, values)
  if (rendered === undefined) return []
  const templates = Array.isArray(parsed.tree.Statement) ? parsed.tree.Statement : []
  const faults = rendered.Statement.flatMap((statement) =>
    statementFaults(statement, kind).map((message) => ({
      message: `statement ${String(statement.Sid ?? '(no Sid)')}: ${message}`,
      index: templates.findIndex((one) => isTree(one) && one.Sid === statement.Sid),
    })),
  )
  const size = documentFaults(rendered, kind).map((message) => ({ message, index: -1 }))
  return [...size, ...faults].map(({ message, index }) => ({
    severity: 'error',
    code: 'PolicyInvalid',
    file,
    ...parsed.position(index < 0 ? [] : ['Statement', index]),
    message,
    fix: 'narrow what makes it so (models, secrets.synced in llmgw.yaml), or correct the document',
  }))
}

function documentFaults(document: PolicyDocument, kind: Subject['kind']): readonly string[] {
  const size = JSON.stringify(document).length
  return [
    ...(document.Version === '2012-10-17' ? [] : [`Version is ${String(document.Version)}, expected 2012-10-17`]),
    ...(size > LIMITS[kind] ? [`has ${size} characters for this configuration, IAM takes ${LIMITS[kind]}`] : []),
  ]
}

/** What one statement lacks, or allows beyond what is named. */
export function statementFaults(statement: Tree, kind: Subject['kind']): readonly string[] {
  const texts = (value: unknown): readonly string[] =>
    value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String)
  const actions = texts(statement.Action)
  const resources = texts(statement.Resource)
  const open = /\$\{\w+\}/.exec(JSON.stringify(statement))?.[0]
  return [
    ...(statement.Effect === 'Allow' || statement.Effect === 'Deny' ? [] : ['has no Effect']),
    ...(actions.length === 0 ? ['has no Action'] : []),
    ...(actions.some((action) => action.includes('*')) ? ['allows actions by a wildcard'] : []),
    ...(open === undefined ? [] : [`variable ${open} is not filled in`]),
    ...(kind === 'trust' ? trustFaults(statement) : resourceFaults(resources)),
  ]
}

function resourceFaults(resources: readonly string[]): readonly string[] {
  const wild = resources.find((resource) => resource.includes('*') || !resource.startsWith('arn:'))
  if (resources.length === 0) return ['has no Resource']
  return wild === undefined ? [] : [`names ${wild}, expected exact ARNs`]
}

function trustFaults({ Principal, Condition }: Tree): readonly string[] {
  const equals = isTree(Condition) && isTree(Condition.StringEquals) ? Condition.StringEquals : {}
  const has = (suffix: string) => Object.keys(equals).some((key) => key.endsWith(suffix))
  return [
    ...(isTree(Principal) && typeof Principal.Federated === 'string' ? [] : ['has no federated Principal']),
    ...(has(':sub') && has(':aud') ? [] : ['does not tie the token to a service account and an audience']),
  ]
}
