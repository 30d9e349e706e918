import type { Config } from '../../config/schema.ts'
import type {
  Assets,
  Clock,
  Helm,
  Iam,
  Kube,
  Readiness,
  ReleaseSpec,
  SecretsManager,
  Services,
  Target,
} from '../../ports/index.ts'

/** Ports of an account and a cluster in which nothing exists; every release that steps want is noted. */
export function emptyWorld(
  config: Config,
  { assets, clock }: { readonly assets: Assets; readonly clock: Clock },
): { readonly services: Services; readonly wanted: Map<string, ReleaseSpec> } {
  const wanted = new Map<string, ReleaseSpec>()
  const target = supposedTarget(config)
  const nothing = async () => undefined
  const kube: Pick<Kube, 'find' | 'list'> = { find: nothing, list: async () => [] }
  const helm: Pick<Helm, 'find' | 'inputs' | 'crds'> = {
    find: nothing,
    async inputs(spec) {
      wanted.set(spec.name, spec)
      return { digest: '', chart: { name: spec.chart, version: '', digest: '', standIn: false } }
    },
    crds: async (name) => ({ chart: { name, version: '', digest: '', standIn: false }, objects: async () => [] }),
  }
  const iam: Pick<Iam, 'findRole' | 'findOidcProvider'> = {
    findRole: nothing,
    findOidcProvider: async (arn) => ({ arn, url: target.oidcIssuer, audiences: ['sts.amazonaws.com'] }),
  }
  const secretsManager: Pick<SecretsManager, 'describe'> = { describe: nothing }
  const readiness: Pick<Readiness, 'look'> = {
    look: async (refs) => refs.map((ref) => ({ ref, health: 'absent' as const })),
  }
  const services: Pick<Services, 'config' | 'target' | 'options' | 'assets' | 'clock' | 'provided'> & object = {
    config,
    target,
    options: { adopt: false, restoreSecrets: false, destroy: { crds: false, volumes: false, secrets: 'schedule' } },
    assets,
    clock,
    provided: { find: () => undefined },
    ...{ kube, helm, iam, secretsManager, readiness },
  }
  // Checks only read: what is left out here, no check may call.
  return { services: services as Services, wanted }
}

/** As the real one would be; ids that only AWS knows have their length. */
export function supposedTarget({ aws, cluster }: Config): Target {
  const partition = aws.region.startsWith('cn-') ? 'aws-cn' : aws.region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
  const accountId = aws.accountId ?? '0'.repeat(12)
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'
  return {
    accountId,
    region: aws.region,
    partition,
    clusterName: cluster.name,
    clusterArn: `arn:${partition}:eks:${aws.region}:${accountId}:cluster/${cluster.name}`,
    oidcIssuer: `oidc.eks.${aws.region}.${suffix}/id/${'0'.repeat(32)}`,
    sandbox: false,
  }
}
