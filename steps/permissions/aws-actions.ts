import type { PolicyDocument, Services } from '../../src/ports/index.ts'
import { oidcProviderArn, remoteSecrets, roleArn } from '../names.ts'

/** What needs the actions: every run, or only removal, rotation and restoring. */
type Purpose = 'deploy' | 'secrets' | 'destroy' | 'doctor'

/** AWS actions next to what they are about. The one table: doctor asks IAM about it, `llmgw permissions` prints it. */
export interface AwsActions {
  readonly sid: string
  readonly purpose: Purpose
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

type Place = Pick<Services, 'config' | 'target'>

/** @param suffix what stands for the six characters that AWS adds to the ARN of a secret */
export function awsActions({ config, target }: Place, suffix: string): readonly AwsActions[] {
  const { partition, region, accountId } = target
  const roles = Object.values(config.irsa).map(({ roleName }) => roleArn({ target }, roleName))
  const logical = Object.keys(config.secrets.items)
  // Of both layouts: before a value is made, the other one is asked whether it is there, and a migration writes from one to the other.
  const secrets = [...remoteSecrets(config, logical, 'split'), ...remoteSecrets(config, logical, 'bundle')].map(
    (name) => `arn:${partition}:secretsmanager:${region}:${accountId}:secret:${name}-${suffix}`,
  )
  const { kmsKeyArn } = config.secrets
  return [
    { sid: 'Cluster', purpose: 'deploy', actions: ['eks:DescribeCluster'], resources: [target.clusterArn] },
    {
      sid: 'OidcProvider',
      purpose: 'deploy',
      actions: ['iam:GetOpenIDConnectProvider'],
      resources: [oidcProviderArn({ target })],
    },
    {
      sid: 'Roles',
      purpose: 'deploy',
      actions: [
        ...['iam:GetRole', 'iam:ListRolePolicies', 'iam:GetRolePolicy', 'iam:ListAttachedRolePolicies'],
        ...['iam:CreateRole', 'iam:TagRole', 'iam:UpdateAssumeRolePolicy', 'iam:PutRolePolicy'],
        'iam:DeleteRolePolicy',
      ],
      resources: roles,
    },
    {
      // Asked at the end of a deploy about the roles of pods; doctor asks about whoever runs it.
      sid: 'Simulate',
      purpose: 'deploy',
      actions: ['iam:SimulatePrincipalPolicy'],
      resources: ['*'],
    },
    { sid: 'RemoveRoles', purpose: 'destroy', actions: ['iam:DeleteRole'], resources: roles },
    {
      sid: 'Secrets',
      purpose: 'deploy',
      actions: [
        ...['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue', 'secretsmanager:CreateSecret'],
        ...['secretsmanager:PutSecretValue', 'secretsmanager:TagResource'],
      ],
      resources: secrets,
    },
    {
      sid: 'SecretVersions',
      purpose: 'secrets',
      actions: ['secretsmanager:UpdateSecretVersionStage', 'secretsmanager:RestoreSecret'],
      resources: secrets,
    },
    { sid: 'RemoveSecrets', purpose: 'destroy', actions: ['secretsmanager:DeleteSecret'], resources: secrets },
    // Listing knows no resource. What the configuration no longer wants is found by its tag.
    { sid: 'ListSecrets', purpose: 'deploy', actions: ['secretsmanager:ListSecrets'], resources: ['*'] },
    // `init` offers the clusters of the account; no deployment asks for them.
    { sid: 'ListClusters', purpose: 'doctor', actions: ['eks:ListClusters'], resources: ['*'] },
    ...(kmsKeyArn === undefined
      ? []
      : [
          {
            sid: 'Key',
            purpose: 'deploy' as const,
            actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
            resources: [kmsKeyArn],
          },
        ]),
  ]
}

/** The identity policy of whoever runs llmgw. AWS ends the ARN of a secret with six characters of its own. */
export function toolPolicy(place: Place): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: awsActions(place, '??????').map(({ sid, actions, resources }) => ({
      Sid: sid,
      Effect: 'Allow',
      Action: actions,
      Resource: resources.length === 1 ? resources[0] : resources,
    })),
  }
}
