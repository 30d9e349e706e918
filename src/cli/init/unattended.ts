import { type Answers, defaultModels } from '../../config/starter-file.ts'
import { UsageError } from '../../errors.ts'
import type { Host } from '../host.ts'
import { type AccountOffers, askAccount } from './account-offers.ts'
import type { Given } from './given.ts'

const NOT_ASKED: AccountOffers = { clusters: [], silences: [] }

/**
 * Answers without a question: what is given, and the account of the credentials.
 * @throws UsageError InitIncomplete: region and cluster are never guessed
 */
export async function collectAnswers(given: Given, host: Host): Promise<Answers> {
  const { preset = 'platform', deployment = 'llmgw', region, accountId, cluster } = given
  if (region === undefined)
    throw incomplete('--region (or AWS_REGION)', 'see the regions with: aws ec2 describe-regions')
  const complete = accountId !== undefined && cluster !== undefined
  const offers = complete ? NOT_ASKED : await askAccount(region, host)
  for (const line of offers.silences) host.stderr.write(`${line}\n`)
  if (cluster === undefined) {
    const there = offers.clusters.length > 0 ? `the account has ${offers.clusters.join(', ')}` : undefined
    throw incomplete('--cluster (or EKS_CLUSTER_NAME)', there ?? `aws eks list-clusters --region ${region}`)
  }
  const models = defaultModels(preset, region)
  return { preset, deployment, region, accountId: accountId ?? offers.accountId, cluster, models }
}

function incomplete(what: string, hint: string): UsageError {
  return new UsageError('InitIncomplete', `${what} is not given, and nobody is asked`, { hint })
}
