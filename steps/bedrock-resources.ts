import type { Config } from '../src/config/schema.ts'
import { ConfigError } from '../src/errors.ts'
import type { Target } from '../src/ports/index.ts'

type Model = Config['models'][number]

/**
 * Destination regions of cross-region inference profiles by geography, where the configuration lists none; the region of
 * the call is added. A profile may use others: GetInferenceProfile tells, `regions` of a model takes their place.
 * Source: Amazon Bedrock user guide, "Supported Regions and models for inference profiles".
 */
const DESTINATIONS: Readonly<Record<string, readonly string[]>> = {
  us: ['us-east-1', 'us-east-2', 'us-west-2'],
  'us-gov': ['us-gov-east-1', 'us-gov-west-1'],
  eu: ['eu-central-1', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-3'],
  apac: [
    'ap-northeast-1',
    'ap-northeast-2',
    'ap-northeast-3',
    'ap-south-1',
    'ap-south-2',
    'ap-southeast-1',
    'ap-southeast-2',
    'ap-southeast-4',
  ],
  jp: ['ap-northeast-1', 'ap-northeast-3'],
  au: ['ap-southeast-2', 'ap-southeast-4'],
  ca: ['ca-central-1'],
  global: [],
}

/** `us.anthropic.claude…` = geography and foundation model. */
const PROFILE = new RegExp(`^(${Object.keys(DESTINATIONS).join('|')})\\.(.+)$`)

/**
 * ARNs that the gateway invokes for the configured Bedrock models, sorted; empty when there are none.
 * @throws ConfigError when a model would make a pattern of an ARN
 */
export function bedrockResources(config: Config, target: Target): readonly string[] {
  const bedrock = config.models.filter(({ provider }) => provider === 'bedrock')
  const arns = [...new Set(bedrock.flatMap((model) => resourcesOf(model, target)))].sort()
  const pattern = arns.find((arn) => /[*?]/.test(arn))
  if (pattern === undefined) return arns
  throw new ConfigError('ModelNotExact', `models: ${pattern} is a pattern, expected one model`, {
    hint: 'aws bedrock list-inference-profiles --type-equals SYSTEM_DEFINED',
  })
}

/** Geography of a cross-region inference profile; undefined for a model of one region, and for an ARN. */
export const geographyOf = (model: string): string | undefined => PROFILE.exec(model)?.[1]

/** Regions in which profiles of a geography can be called; empty = all. */
export const regionsOfGeography = (geography: string): readonly string[] => DESTINATIONS[geography] ?? []

function resourcesOf({ model, regions }: Model, target: Target): readonly string[] {
  const { partition, region, accountId } = target
  // An ARN names one resource by itself, e.g. an application inference profile or provisioned throughput.
  if (model.startsWith('arn:')) return [model]
  const foundation = (id: string) => (where: string) => `arn:${partition}:bedrock:${where}::foundation-model/${id}`
  const [, geography, id] = PROFILE.exec(model) ?? []
  if (geography === undefined || id === undefined) return (regions ?? [region]).map(foundation(model))
  const profile = `arn:${partition}:bedrock:${region}:${accountId}:inference-profile/${model}`
  const destinations = regions ?? [region, ...(DESTINATIONS[geography] ?? [])]
  // Routed anywhere: the model's ARN without a region stands for all of them. Source: Bedrock user guide, "Global cross-Region inference".
  return [profile, ...[...destinations, ...(geography === 'global' ? [''] : [])].map(foundation(id))]
}
