import type { PolicyDocument, Role, Services, StepContext } from '../../src/ports/index.ts'
import { parsePolicy } from '../../src/ports/policy.ts'
import { parseAddress } from '../../src/ports/secret-address.ts'
import { askedElsewhere } from '../external-secrets/asked-elsewhere.ts'
import { documentValues, IAM_DOCUMENTS, type IrsaRole, renderPolicy } from '../iam-document.ts'
import { arnsOf, secretArns } from '../secret-arns.ts'
import { otherLayout } from '../secrets/other-layout.ts'

type Looking = Services & Pick<StepContext, 'signal'>

/** A role as it has to be, next to what is there. */
export interface RoleDocuments {
  readonly trust: PolicyDocument
  /** Undefined: nothing to allow, so the role has no such policy. */
  readonly policy: PolicyDocument | undefined
  /** What others added: statements, inline policies, attachments. Reported, never removed. */
  readonly foreign: readonly string[]
  /** Digest of what the configuration wants of the role: kept on it as a tag, it tells an edited role from a changed configuration. */
  readonly inputs: string
}

/** Tag that holds the digest of what a role was last brought to. */
export const INPUTS_TAG = 'llmgw.dev/inputs'

async function digestOf(wanted: unknown): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(wanted)))
  return Array.from(new Uint8Array(bytes).slice(0, 20), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Name of our inline policy on each role. */
export const INLINE_POLICY: Readonly<Record<IrsaRole, string>> = {
  gateway: 'bedrock-invoke',
  externalSecrets: 'secrets-manager-read',
}

const sidOf = (statement: Readonly<Record<string, unknown>>) => String(statement.Sid ?? '(no Sid)')
const sidsOf = (template: unknown) => new Set(parsePolicy(template as PolicyDocument).Statement.map(sidOf))

/** Statements of `live` that do not come from our document: ours are known by their Sid. */
function foreignStatements(live: PolicyDocument | undefined, ours: ReadonlySet<string>): PolicyDocument['Statement'] {
  return live === undefined ? [] : parsePolicy(live).Statement.filter((statement) => !ours.has(sidOf(statement)))
}

function withForeign(wanted: PolicyDocument, foreign: PolicyDocument['Statement']): PolicyDocument {
  return { ...wanted, Statement: [...wanted.Statement, ...foreign] }
}

/** Documents of a role, in which the statements of others keep their place. */
export async function roleDocuments(ctx: Looking, kind: IrsaRole, live: Role | undefined): Promise<RoleDocuments> {
  const files = IAM_DOCUMENTS[kind]
  const [[trustTemplate], [policyTemplate]] = await Promise.all([
    ctx.assets.documents(files.trust),
    ctx.assets.documents(files.policy),
  ])
  const wanted = documentValues(ctx.config, ctx.target, kind)
  const values = kind === 'externalSecrets' ? { ...wanted, secretArns: await readableArns(ctx, live) } : wanted
  const trust = renderPolicy(trustTemplate, values)
  if (trust === undefined) throw new Error(`${files.trust} has no statement`)
  const policy = renderPolicy(policyTemplate, values)
  const inTrust = foreignStatements(live?.trust, sidsOf(trustTemplate))
  const inPolicy = foreignStatements(live?.inline[INLINE_POLICY[kind]], sidsOf(policyTemplate))
  return {
    inputs: await digestOf([trust, policy ?? null]),
    trust: withForeign(trust, inTrust),
    policy: policy === undefined && inPolicy.length === 0 ? undefined : withForeign(policy ?? EMPTY, inPolicy),
    foreign: [
      ...inTrust.map((statement) => `trust statement ${sidOf(statement)}`),
      ...inPolicy.map((statement) => `statement ${sidOf(statement)} in policy ${INLINE_POLICY[kind]}`),
      ...Object.keys(live?.inline ?? {})
        .filter((name) => name !== INLINE_POLICY[kind])
        .map((name) => `inline policy ${name}`),
      ...(live?.attached ?? []).map((arn) => `attached policy ${arn}`),
    ],
  }
}

/**
 * Secrets that the operator may read. While ExternalSecrets ask for those of the layout before, the role keeps what it has of
 * them; who has none of them need not look.
 */
async function readableArns(ctx: Looking, live: Role | undefined): Promise<readonly string[]> {
  const { config, target } = ctx
  const wanted = secretArns(config, target)
  const allowed = JSON.stringify(live?.inline[INLINE_POLICY.externalSecrets] ?? {})
  const before = secretArns(config, target, otherLayout(config.secrets.layout)).filter((arn) => allowed.includes(arn))
  if (before.length === 0) return wanted
  const names = (await askedElsewhere(ctx)).map((address) => parseAddress(address).secret)
  const asked = new Set(arnsOf(target, names))
  return [...new Set([...wanted, ...before.filter((arn) => asked.has(arn))])].sort()
}

const EMPTY: PolicyDocument = { Version: '2012-10-17', Statement: [] }
