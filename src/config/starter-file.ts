import { stringify } from 'yaml'
import { choicesOf, presetDefaults } from './presets.ts'
import { type Config, configSchema } from './schema.ts'

/** What a first configuration says; all else comes from the preset. */
export interface Answers {
  readonly preset: Config['preset']
  readonly deployment: string
  readonly region: string
  /** Absent = not pinned. */
  readonly accountId?: string | undefined
  readonly cluster: string
  readonly models: Config['models']
}

const FIELDS = {
  region: configSchema.shape.aws.shape.region,
  accountId: configSchema.shape.aws.shape.accountId.unwrap(),
  cluster: configSchema.shape.cluster.shape.name,
  deployment: configSchema.shape.deployment,
}

/** A value that is typed in. */
export type Field = keyof typeof FIELDS

/** What is wrong with a value of this field; undefined when nothing is. */
export function fieldFault(field: Field, text: string): string | undefined {
  const result = FIELDS[field].safeParse(text)
  return result.success ? undefined : `expected ${result.error.issues[0]?.message ?? 'another value'}`
}

/** Models of the preset in this region; none where it has no defaults. */
export function defaultModels(preset: Config['preset'], region: string): Config['models'] {
  const { models } = presetDefaults(choicesOf({ preset, aws: { region } }))
  return models as Config['models']
}

/** A commented `llmgw.yaml`. */
export function starterFile({ preset, deployment, region, accountId, cluster, models }: Answers): string {
  return `# Configuration of llmgw. What is left out comes from the preset; all of it, with origins: llmgw config --origin
# Check it with: llmgw validate. Editors complete it with docs/llmgw.schema.json of the llmgw package.
apiVersion: llmgw/v1

# Default values: platform (PostgreSQL, Redis HA, OIDC login), or lean (one namespace, no database, no cache, local accounts).
preset: ${scalar(preset)}

# Marks everything that this deployment owns, in AWS and in the cluster. Another name is another deployment.
deployment: ${scalar(deployment)}

aws:
  region: ${scalar(region)}
${accountLines(accountId)}
cluster:
  name: ${scalar(cluster)}

# What the gateway offers: LiteLLM's list, the role's policy and the tests follow from it.
${modelLines(models)}`
}

function accountLines(accountId: string | undefined): string {
  if (accountId !== undefined)
    return `  # Pin: credentials of another account stop every run before anything is done.
  accountId: ${scalar(accountId)}
`
  return `  # Not pinned: credentials of any account are taken. Pin it with the twelve digits, in quotes.
  # accountId: "123456789012"
`
}

function modelLines(models: Config['models']): string {
  if (models.length > 0) return stringify({ models }, { lineWidth: 0 })
  return `# None yet. An inference profile needs its destination regions: aws bedrock get-inference-profile
models: []
# models:
#   - name: nova-lite
#     provider: bedrock
#     model: us.amazon.nova-lite-v1:0
#     regions: [us-east-1, us-east-2, us-west-2]
`
}

/** One value on one line, quoted where YAML would read something else. */
function scalar(value: string): string {
  const text = stringify(value, { lineWidth: 0 }).trimEnd()
  return text.includes('\n') ? JSON.stringify(value) : text
}
