import type { Api } from '../control-plane/api.ts'
import type { SandboxWorld } from '../part.ts'
import type { Pod, Volume } from './objects.ts'

/** What EKS's webhook adds to a Pod whose ServiceAccount names a role. */
interface Identity {
  readonly environment: Readonly<Record<string, string>>
  readonly volume: Volume
  readonly mountPath: string
}

const ROLE = 'eks.amazonaws.com/role-arn'
const AUDIENCE = 'eks.amazonaws.com/audience'
const MOUNT_PATH = '/var/run/secrets/eks.amazonaws.com/serviceaccount'

/** In place of the webhook that EKS runs. Source: github.com/aws/amazon-eks-pod-identity-webhook, README. */
export async function podIdentity(api: Api, pod: Pod, aws: SandboxWorld['aws']): Promise<Identity | undefined> {
  const { namespace } = pod.metadata
  const account = pod.spec.serviceAccountName ?? 'default'
  const answer = await api.call('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${account}`)
  if (answer.status !== 200) return undefined
  const { metadata } = JSON.parse(answer.text) as {
    readonly metadata: { readonly annotations?: Record<string, string> }
  }
  const role = metadata.annotations?.[ROLE]
  if (role === undefined) return undefined
  const audience = metadata.annotations?.[AUDIENCE] ?? 'sts.amazonaws.com'
  return {
    environment: {
      AWS_STS_REGIONAL_ENDPOINTS: 'regional',
      AWS_DEFAULT_REGION: aws.region,
      AWS_REGION: aws.region,
      AWS_ROLE_ARN: role,
      AWS_WEB_IDENTITY_TOKEN_FILE: `${MOUNT_PATH}/token`,
    },
    volume: {
      name: 'aws-iam-token',
      projected: { sources: [{ serviceAccountToken: { audience, expirationSeconds: 86_400, path: 'token' } }] },
    },
    mountPath: MOUNT_PATH,
  }
}
