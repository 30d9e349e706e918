import { proxyFaults } from '../../../steps/litellm/config-check/check.ts'
import { litellm } from '../../../steps/litellm/litellm.ts'
import type { Config } from '../../config/schema.ts'
import { causeOf } from '../../engine/cause.ts'
import type { Assets, Clock } from '../../ports/index.ts'
import { emptyWorld } from './empty-world.ts'
import { type Finding, findingOf } from './finding.ts'

/** How findings name the file that the step writes for LiteLLM. */
const PROXY_FILE = 'LiteLLM configuration'

/** What LiteLLM would take without a word and fail on later, warnings included. */
export async function checkGateway(
  config: Config,
  { assets, clock }: { readonly assets: Assets; readonly clock: Clock },
): Promise<readonly Finding[]> {
  try {
    const { services } = emptyWorld(config, { assets, clock })
    const { values } = await litellm.spec(services)
    const faults = await proxyFaults({ assets, clock }, values)
    return faults.map(({ path, message, ...fault }) => ({ ...fault, file: PROXY_FILE, message: `${path}: ${message}` }))
  } catch (error) {
    return [findingOf(causeOf(error), PROXY_FILE)]
  }
}
