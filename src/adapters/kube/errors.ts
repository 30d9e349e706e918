import { type LlmgwError, PreflightError, StepError } from '../../errors.ts'
import { redact } from '../../secret.ts'

/** The API server's own answer to a failed call, the fields of `Status` that we read. */
export interface ApiStatus {
  /** HTTP status. */
  readonly code: number
  readonly reason?: string | undefined
  readonly message?: string | undefined
}

/** What was tried, for the message: verb of the port, and the object as `Kind namespace/name`. */
export interface Attempt {
  readonly verb: string
  readonly object: string
}

/** `Kind namespace/name`, as messages name an object; no name = the kind as a whole. */
export function describeRef(ref: {
  readonly kind: string
  readonly name?: string | undefined
  readonly namespace?: string | undefined
}): string {
  const path = [ref.namespace, ref.name].filter((part) => part !== undefined).join('/')
  return path === '' ? ref.kind : `${ref.kind} ${path}`
}

// Source: k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go and .../webhook/mutating/dispatcher.go
const DENIED = /admission webhook "([^"]+)" denied the request(?::| without explanation)?\s*(.*)/s
const POLICY_DENIED = /(?:ValidatingAdmissionPolicy|MutatingAdmissionPolicy) '([^']+)' .*denied request: (.*)/s
const UNSERVED_WEBHOOK = /failed calling webhook "([^"]+)":\s*(.*)/s

/** The error that the rest of the program sees for a refusal by the API server. */
export function refusal(status: ApiStatus, attempt: Attempt): LlmgwError {
  const words = redact(status.message ?? status.reason ?? `HTTP ${status.code}`)
  return byWebhook(words, attempt) ?? byCode({ ...status, message: words }, attempt)
}

function byWebhook(words: string, attempt: Attempt): LlmgwError | undefined {
  const failed = UNSERVED_WEBHOOK.exec(words)
  if (failed) {
    return new StepError(
      'WebhookUnavailable',
      `could not ${attempt.verb} ${attempt.object}: admission webhook "${failed[1]}" does not answer`,
      { cause: failed[2], hint: 'look at the pods behind the webhook: llmgw status' },
    )
  }
  const denied = DENIED.exec(words) ?? POLICY_DENIED.exec(words)
  if (!denied) return undefined
  return new StepError('AdmissionDenied', `admission "${denied[1]}" denied to ${attempt.verb} ${attempt.object}`, {
    cause: denied[2] === '' ? words : denied[2],
    hint: 'change the object, or the policy that denies it',
  })
}

function byCode(status: ApiStatus & { message: string }, { verb, object }: Attempt): LlmgwError {
  const cause = status.message
  switch (status.code) {
    case 401:
      return new PreflightError(
        'KubeUnauthorized',
        `the API server did not accept our credentials (${verb} ${object})`,
        {
          cause,
          hint: 'log in again, then repeat the command; on EKS an access entry for the role must exist',
        },
      )
    case 403:
      return new PreflightError('KubeForbidden', `not allowed to ${verb} ${object}`, {
        cause,
        hint: 'grant this permission to the role, or use another one: kubectl auth can-i --list',
      })
    case 404:
      return absence(status, { verb, object })
    case 409:
      return conflict(status, { verb, object })
    case 422:
    case 400:
      return new StepError('KubeInvalid', `the API server refused to ${verb} ${object} as invalid`, { cause })
    default:
      return serverTrouble(status, { verb, object })
  }
}

function absence({ message: cause }: { readonly message: string }, { verb, object }: Attempt): StepError {
  const home = /namespaces "([^"]+)" not found/.exec(cause)
  if (home) {
    return new StepError('NotFound', `could not ${verb} ${object}: namespace "${home[1]}" is not there`, {
      cause,
      hint: 'create it first: llmgw deploy namespaces',
    })
  }
  if (!cause.includes('could not find the requested resource')) {
    return new StepError('NotFound', `${object} is not there`, { cause })
  }
  return new StepError('KindNotServed', `could not ${verb} ${object}: the API server does not know this kind`, {
    cause,
    hint: 'its CustomResourceDefinition comes with a component: llmgw status',
  })
}

function conflict(status: ApiStatus & { message: string }, { verb, object }: Attempt): StepError {
  const cause = status.message
  if (status.reason === 'AlreadyExists') return new StepError('AlreadyExists', `${object} is already there`, { cause })
  if (cause.includes('Apply failed with')) {
    return new StepError('KubeConflict', `another field manager owns fields of ${object} that we set`, {
      cause,
      hint: 'see the difference with: llmgw plan; Proceed takes the fields over',
    })
  }
  return new StepError('Conflict', `${object} was changed by somebody else in the meantime (${verb})`, {
    cause,
    hint: 'run the command again',
  })
}

function serverTrouble(status: ApiStatus & { message: string }, { verb, object }: Attempt): LlmgwError {
  const { code, message: cause } = status
  if (code === 429 || code >= 500) {
    return new PreflightError('KubeUnreachable', `the API server answers ${code} to ${verb} ${object}`, {
      cause,
      hint: 'try again; look at the health of the control plane',
    })
  }
  return new StepError('KubeRefused', `the API server refused to ${verb} ${object} (${code})`, { cause })
}

/** The error for a call that got no answer: connection refused or reset, name not found, TLS, deadline. */
export function unreachable(server: string, attempt: Attempt, cause: unknown): PreflightError {
  return new PreflightError(
    'KubeUnreachable',
    `no answer from the API server at ${server} (${attempt.verb} ${attempt.object})`,
    {
      cause,
      hint: 'check the address, the network path (VPN) and that the cluster runs',
    },
  )
}

/** Whether `error` is one of ours with this code. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
