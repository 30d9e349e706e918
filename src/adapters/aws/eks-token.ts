import { createHash, createHmac } from 'node:crypto'
import { registerSecret } from '../../secret.ts'
import { type AwsCredentials, type CredentialSource, dnsSuffix } from './connection.ts'

const PREFIX = 'k8s-aws-v1.'
const CLUSTER_HEADER = 'x-k8s-aws-id'
/** What clients ask for. Source: aws-iam-authenticator, pkg/token: requestPresignParam = 60. */
const URL_LIFE_S = 60
/** The server takes a token for 15 minutes after its date; clients renew one minute earlier. Source: aws-iam-authenticator, presignedURLExpiration. */
const TOKEN_LIFE_MS = 14 * 60_000

export interface EksToken {
  /** Bearer token for the API server of one EKS cluster. Whoever holds it acts as the caller: treat it as a secret. */
  readonly token: string
  readonly expiresAt: Date
}

export interface EksTokenRequest {
  readonly region: string
  readonly clusterName: string
  readonly credentials: AwsCredentials
  readonly now: Date
}

/** A token as `aws eks get-token` makes it: a pre-signed STS GetCallerIdentity URL. Pure. */
export function signEksToken(request: EksTokenRequest): EksToken {
  const url = Buffer.from(presignedUrl(request), 'utf8').toString('base64url')
  return { token: PREFIX + url, expiresAt: new Date(request.now.getTime() + TOKEN_LIFE_MS) }
}

/** Tokens on demand: one is kept for as long as the server takes it, less a minute, and as its credentials hold. */
export function eksToken(options: {
  readonly region: string
  readonly clusterName: string
  readonly credentials: CredentialSource
  readonly now?: () => Date
}): () => Promise<EksToken> {
  const { region, clusterName, credentials: source, now = () => new Date() } = options
  let kept: EksToken | undefined
  return async () => {
    if (kept && now() < kept.expiresAt) return kept
    const credentials = await source()
    const made = signEksToken({ region, clusterName, credentials, now: now() })
    registerSecret(made.token)
    const end = credentials.expiration
    kept = end && end < made.expiresAt ? { ...made, expiresAt: end } : made
    return kept
  }
}

/** Signature Version 4 in the query. Source: IAM user guide, "Create a signed AWS API request". */
function presignedUrl({ region, clusterName, credentials, now }: EksTokenRequest): string {
  const host = `sts.${region}.${dnsSuffix(region)}`
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${region}/sts/aws4_request`
  const signedHeaders = `host;${CLUSTER_HEADER}`
  const query = canonicalQuery({
    Action: 'GetCallerIdentity',
    Version: '2011-06-15',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(URL_LIFE_S),
    'X-Amz-SignedHeaders': signedHeaders,
    ...(credentials.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': credentials.sessionToken }),
  })
  const headers = `host:${host}\n${CLUSTER_HEADER}:${clusterName}\n`
  const canonical = ['GET', '/', query, headers, signedHeaders, sha256('')].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [time.slice(0, 8), region, 'sts', 'aws4_request'].reduce<Buffer | string>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  )
  return `https://${host}/?${query}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()

function canonicalQuery(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
}

/** RFC 3986: `encodeURIComponent` leaves five characters that AWS wants encoded. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
