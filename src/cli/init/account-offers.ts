import type { Host } from '../host.ts'

/** What the account of the credentials offers as defaults; what could not be asked is said, not guessed. */
export interface AccountOffers {
  readonly accountId?: string
  readonly clusters: readonly string[]
  /** One line for each thing that could not be asked. */
  readonly silences: readonly string[]
}

/** Asks AWS who the credentials belong to, and for the clusters of the region. Never throws. */
export async function askAccount(region: string, { env, openAccount }: Host): Promise<AccountOffers> {
  const { sts, eks } = await openAccount({
    region,
    profile: env.LLMGW_AWS_PROFILE || env.AWS_PROFILE || undefined,
    endpointUrl: env.LLMGW_AWS_ENDPOINT_URL || undefined,
  })
  const [caller, clusters] = await Promise.allSettled([sts.callerIdentity(), eks.listClusters()])
  return {
    ...(caller.status === 'fulfilled' ? { accountId: caller.value.accountId } : {}),
    clusters: clusters.status === 'fulfilled' ? clusters.value : [],
    silences: [
      ...(caller.status === 'rejected' ? [`could not ask AWS for the account: ${said(caller.reason)}`] : []),
      ...(clusters.status === 'rejected'
        ? [`could not ask EKS for the clusters in ${region}: ${said(clusters.reason)}`]
        : []),
    ],
  }
}

const said = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))
