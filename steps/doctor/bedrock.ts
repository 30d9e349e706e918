import { bedrockResources, geographyOf, regionsOfGeography } from '../bedrock-resources.ts'
import type { DoctorCheck, DoctorContext, Finding } from './finding.ts'

/** What the gateway calls. Source: Amazon Bedrock user guide, "Prerequisites for running model inference". */
const ACTIONS = ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream']

const ASK = 'ask one after the deployment: llmgw test models'

/** The models of Bedrock can be called from this region, and the role of the gateway may call them. */
export const bedrockModels: DoctorCheck = {
  id: 'bedrock',
  title: 'Models of Bedrock',
  asks: 'aws',
  async run(ctx) {
    const { config, target } = ctx
    const models = config.models.filter(({ provider }) => provider === 'bedrock')
    if (models.length === 0) return { result: 'skip', evidence: 'the configuration names none' }
    const elsewhere = models.filter(({ model }) => !isNear(model, target.region))
    if (elsewhere.length > 0)
      return {
        result: 'warn',
        evidence: `not known to be called from ${target.region}: ${elsewhere.map(({ model }) => model).join(', ')}`,
        fix: `name profiles of this geography: aws bedrock list-inference-profiles --region ${target.region}`,
      }
    if (target.sandbox)
      return { result: 'skip', evidence: `${models.length} models; in the sandbox a small server of ours answers` }
    return await byRole(ctx)
  },
}

/** Whether a cross-region profile of this geography exists in the region. */
function isNear(model: string, region: string): boolean {
  const geography = geographyOf(model)
  const regions = geography === undefined ? [] : regionsOfGeography(geography)
  return regions.length === 0 || regions.includes(region)
}

/** Since models need no enabling by hand any more, the role decides; what only a call tells is said to be unknown. */
async function byRole(ctx: DoctorContext): Promise<Finding> {
  const { config, iam, signal, target } = ctx
  const resources = bedrockResources(config, target)
  const { roleName } = config.irsa.gateway
  const role = await iam.findRole(roleName, signal)
  const known = `${resources.length} ARNs in reach of ${target.region}`
  if (role === undefined)
    return {
      result: 'could-not-look',
      evidence: `${known}; role ${roleName}, which a deploy makes, is not there yet to be asked about`,
      fix: ASK,
    }
  const answers = await iam.simulate({ principal: role.arn, actions: ACTIONS, resources }, signal)
  const refused = answers.filter(({ allowed }) => !allowed)
  if (refused.length > 0)
    return {
      result: 'fail',
      evidence: `role ${roleName} may not call ${[...new Set(refused.map(({ resource }) => resource))].join(', ')}`,
      fix: 'llmgw deploy irsa; what still refuses is a boundary or a policy of the organisation',
    }
  return { result: 'pass', evidence: `${known}, all allowed to role ${roleName}; whether each answers: ${ASK}` }
}
