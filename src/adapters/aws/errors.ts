import { type LlmgwError, PreflightError, StepError } from '../../errors.ts'
import { redact } from '../../secret.ts'

/** One API call, as messages name it. */
export interface AwsCall {
  /** Prefix of its IAM actions: `iam`, `secretsmanager`, `eks`, `sts`. */
  readonly service: string
  /** API name, e.g. `GetRole`. */
  readonly operation: string
  /** What it is about, e.g. `role llmgw-gateway`. */
  readonly object: string
}

/** What hints need to know. */
export interface CallOrigin {
  readonly region: string
  readonly profile?: string | undefined
  readonly endpointUrl?: string | undefined
}

interface Failure extends AwsCall {
  readonly name: string
  /** AWS's own sentence, redacted. */
  readonly said: string
  readonly status: number | undefined
  /** Node's code of a transport failure. */
  readonly transport: string | undefined
  readonly origin: CallOrigin
}

type Translate = (failure: Failure) => LlmgwError
type Rule = readonly [matches: (failure: Failure) => boolean, translate: Translate]

const named =
  (...names: string[]) =>
  (failure: Failure) =>
    names.includes(failure.name)

const EXPIRED = named('ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired')
const THROTTLED = named(
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'PriorRequestNotComplete',
  'SlowDown',
)
const DENIED = named('AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'AuthorizationError')
const UNKNOWN_KEYS = named(
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
  'AuthFailure',
  'MissingAuthenticationToken',
  'IncompleteSignature',
)
const SIGNATURE = named('SignatureDoesNotMatch', 'InvalidSignatureException')
const PROVIDER = named('CredentialsProviderError', 'TokenProviderError', 'ProviderError')
const TRANSPORT = /^(E[A-Z_]+|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_TLS|ERR_SSL|HPE_)/

const what = ({ service, operation, object }: AwsCall): string => `aws ${service} ${operation} (${object})`
const withProfile = ({ profile }: CallOrigin): string => (profile === undefined ? '' : ` --profile ${profile}`)
const preflight = (code: string, message: string, hint: string, cause: string): PreflightError =>
  new PreflightError(code, message, { hint, cause })

const isSkew = (failure: Failure): boolean =>
  named('RequestTimeTooSkewed', 'RequestInTheFuture')(failure) ||
  (SIGNATURE(failure) && /expired|not yet current|skew/i.test(failure.said))

/** In order: the first that matches translates. */
const RULES: readonly Rule[] = [
  [(f) => EXPIRED(f) || (PROVIDER(f) && /expired|sso login|login session/i.test(f.said)), expired],
  [isSkew, skewed],
  [(f) => PROVIDER(f), noCredentials],
  [(f) => UNKNOWN_KEYS(f) || SIGNATURE(f), unknownKeys],
  [(f) => THROTTLED(f) || f.status === 429, throttled],
  [DENIED, denied],
  [named('NoSuchEntity', 'NoSuchEntityException', 'ResourceNotFoundException'), absent],
  [named('EntityAlreadyExists', 'EntityAlreadyExistsException', 'ResourceExistsException'), present],
  [(f) => f.service === 'secretsmanager' && /(marked|scheduled) (for deletion|deleted)/i.test(f.said), pendingDeletion],
  [(f) => f.transport !== undefined || f.name === 'TimeoutError', unreachable],
  [(f) => (f.status ?? 0) >= 500, outage],
  [(f) => f.status === 403, denied],
]

/** An SDK failure in our words. Codes: AwsExpired, AwsClockSkew, AwsNoCredentials, AwsThrottled, AwsDenied, NotFound, AlreadyExists, SecretPendingDeletion, AwsUnreachable, AwsFailed. */
export function translateAwsError(error: unknown, call: AwsCall, origin: CallOrigin): LlmgwError {
  const failure = describe(error, call, origin)
  const rule = RULES.find(([matches]) => matches(failure))
  if (rule) return rule[1](failure)
  return new StepError('AwsFailed', `${what(call)} failed: ${failure.name}`, {
    hint: 'run the same command again with --debug',
    cause: failure.said,
  })
}

/** No answer in time: {@link translateAwsError} cannot tell that from a cancellation, the SDK reports both as an abort. */
export function deadlinePassed(call: AwsCall, origin: CallOrigin, deadlineMs: number): LlmgwError {
  const message = `${what(call)} gave no answer within ${deadlineMs / 1000} s`
  return preflight('AwsUnreachable', message, checkNetwork(origin), 'no answer')
}

const checkNetwork = ({ endpointUrl, region }: CallOrigin): string =>
  `check network, VPN and ${endpointUrl ?? `region ${region}`}, then run the same command again`

function describe(error: unknown, call: AwsCall, origin: CallOrigin): Failure {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly name?: unknown
    readonly message?: unknown
    readonly code?: unknown
    readonly $metadata?: { readonly httpStatusCode?: number }
  }
  const code = String(fields.code ?? '')
  const text = String(fields.message ?? error).trim()
  return {
    ...call,
    origin,
    name: String(fields.name ?? 'Error'),
    said: redact(text === '' ? code || 'no message' : text),
    status: fields.$metadata?.httpStatusCode,
    transport: TRANSPORT.test(code) ? code : undefined,
  }
}

function expired({ said, origin }: Failure): LlmgwError {
  const hint = `aws sso login${withProfile(origin)} (or renew the credentials the way they were issued)`
  return preflight('AwsExpired', 'the AWS credentials have expired', hint, said)
}

function skewed({ said }: Failure): LlmgwError {
  const hint = 'set the clock of this machine (timedatectl set-ntp true), then run the same command again'
  return preflight('AwsClockSkew', 'the clock of this machine and that of AWS differ by minutes', hint, said)
}

function noCredentials({ said, origin }: Failure): LlmgwError {
  const found =
    origin.profile === undefined ? 'no AWS credentials found' : `no AWS credentials in profile ${origin.profile}`
  return preflight('AwsNoCredentials', found, `aws configure sso${withProfile(origin)}, then aws sso login`, said)
}

function unknownKeys({ said, origin }: Failure): LlmgwError {
  const hint = `aws sts get-caller-identity${withProfile(origin)}`
  return preflight('AwsNoCredentials', 'AWS does not accept these credentials', hint, said)
}

function throttled(failure: Failure): LlmgwError {
  const hint = 'wait a minute and run the same command again; a lower --concurrency helps'
  return preflight('AwsThrottled', `${what(failure)} was throttled, also when repeated`, hint, failure.said)
}

function denied(failure: Failure): LlmgwError {
  const action = /perform: ([\w-]+:\w+)/.exec(failure.said)?.[1] ?? `${failure.service}:${failure.operation}`
  const hint = `ask for ${action}; aws sts get-caller-identity${withProfile(failure.origin)} shows who you are`
  return preflight('AwsDenied', `${what(failure)} is not allowed: ${action}`, hint, failure.said)
}

function absent(failure: Failure): LlmgwError {
  return new StepError('NotFound', `${failure.object} does not exist`, { cause: failure.said })
}

function present(failure: Failure): LlmgwError {
  return new StepError('AlreadyExists', `${failure.object} already exists`, { cause: failure.said })
}

function pendingDeletion({ object, said, origin }: Failure): LlmgwError {
  const name = object.replace(/^secret /, '')
  const hint = `aws secretsmanager restore-secret --region ${origin.region} --secret-id ${name}${withProfile(origin)}`
  return new StepError('SecretPendingDeletion', `${object} is scheduled for deletion`, { hint, cause: said })
}

function unreachable(failure: Failure): LlmgwError {
  const message = `${what(failure)}: no connection to AWS`
  return preflight('AwsUnreachable', message, checkNetwork(failure.origin), failure.said)
}

function outage(failure: Failure): LlmgwError {
  const hint = 'see https://health.aws.amazon.com, then run the same command again'
  return preflight('AwsUnreachable', `${what(failure)}: AWS answers ${failure.status}`, hint, failure.said)
}
