import type { TellDelay } from '../delays.ts'
import { lazy } from './call.ts'

/** A key pair as AWS issues it; `sessionToken` for temporary ones. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** Gives credentials that are valid now; renews them by itself when they near their end. */
export type CredentialSource = () => Promise<AwsCredentials>

/** How to reach AWS. With `credentials` neither the environment nor ~/.aws nor the metadata service is asked for anything. */
export interface AwsConnectionOptions {
  readonly region: string
  readonly profile?: string | undefined
  /** Takes every call; `AWS_ENDPOINT_URL*` and `endpoint_url` of a profile never do. */
  readonly endpointUrl?: string | undefined
  readonly credentials?: AwsCredentials | undefined
  /** Longest time one method may take, retries included. */
  readonly deadlineMs?: number | undefined
  /** How often one API call is sent at most; 6 unless told. */
  readonly maxAttempts?: number | undefined
  /** Nobody is told unless given. */
  readonly onDelay?: TellDelay | undefined
}

const MAX_ATTEMPTS = 6
const CONNECT_TIMEOUT_MS = 5_000

const silence = (): void => undefined
/** Without a logger the chain writes its advice on standard error, in the middle of our output. */
const SILENT = { debug: silence, info: silence, warn: silence, error: silence }

/** The SDK's credential chain, resolved once for all clients and renewed before it expires. */
export function credentialSource({ region, profile, credentials }: AwsConnectionOptions): CredentialSource {
  if (credentials) return async () => credentials
  const chain = lazy(async () => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
    return defaultProvider({
      ...(profile === undefined ? {} : { profile }),
      logger: SILENT,
      clientConfig: { region, ignoreConfiguredEndpointUrls: true },
    })
  })
  return async () => (await chain())()
}

/** Settings of one SDK client; what is left out here, the SDK would look up in the environment and in ~/.aws. */
export function clientSettings(options: AwsConnectionOptions, credentials: CredentialSource, region = options.region) {
  silenceNodeWarning()
  const { endpointUrl, profile } = options
  const isolated = {
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    userAgentAppId: async () => undefined,
    authSchemePreference: [],
    sigv4aSigningRegionSet: async () => undefined,
  }
  return {
    region,
    credentials,
    ignoreConfiguredEndpointUrls: true,
    // Not `adaptive`: after one throttling answer that slows every further call of the client, whatever it asks for.
    retryMode: 'standard',
    maxAttempts: options.maxAttempts ?? MAX_ATTEMPTS,
    defaultsMode: 'standard' as const,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS },
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    ...(options.credentials ? isolated : profile === undefined ? {} : { profile }),
  }
}

export type ClientSettings = ReturnType<typeof clientSettings>

/** The SDK tells Node 20 users about January 2027 on standard error, in the middle of our output. Source: @aws-sdk/core, emitWarningIfUnsupportedVersion. */
function silenceNodeWarning(): void {
  // biome-ignore lint/style/noProcessEnv: the SDK offers no other switch
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
}

/** Where IAM, a global service, is signed for. Source: AWS General Reference, "IAM endpoints and quotas". */
export function iamRegion(region: string): string {
  if (region.startsWith('cn-')) return 'cn-north-1'
  if (region.startsWith('us-gov-')) return 'us-gov-west-1'
  if (region.startsWith('us-isob-')) return 'us-isob-east-1'
  if (region.startsWith('us-iso-')) return 'us-iso-east-1'
  return 'us-east-1'
}

/** Domain under which a region's services live. Source: SDK partition table, `dnsSuffix`. */
export function dnsSuffix(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn'
  if (region.startsWith('us-isob-')) return 'sc2s.sgov.gov'
  if (region.startsWith('us-iso-')) return 'c2s.ic.gov'
  if (region.startsWith('eusc-')) return 'amazonaws.eu'
  return 'amazonaws.com'
}
