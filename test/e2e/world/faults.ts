import { setTimeout as delay } from 'node:timers/promises'
import { atPoint, describePoint, type KillPoint, random } from './kill-points.ts'
import { type Hooks, type Reply, refusal, type Seen } from './recording-proxy.ts'

/** What can happen to a run at an exact call. `restart`: the API server is gone for seconds, watches are cut. */
const FAULTS = [
  'kill -9',
  'SIGTERM',
  'SIGINT',
  'cut',
  '429',
  '500',
  '403 once',
  'slow',
  'expired',
  'restart',
  'disk full',
  'helm killed',
] as const

export type Fault = (typeof FAULTS)[number]

export interface Injection {
  readonly fault: Fault
  readonly point: KillPoint
}

export const describeInjection = ({ fault, point }: Injection): string =>
  fault === 'disk full' ? 'no room for temporary files' : `${fault} ${describePoint(point)}`

/** What a fault does to processes and connections. */
export interface Controls {
  signal(signal: NodeJS.Signals): void
  killHelm(): void
  /** Cuts every connection to the API server. */
  cutKube(): void
}

const SLOW_MS = 4_000
const RESTART_MS = 3_000

/** Hooks for both APIs that do it once, when the run reaches the point; `struck` tells whether it did. */
export function inject(
  { fault, point }: Injection,
  controls: Controls,
): { readonly kube: Hooks; readonly aws: Hooks; struck(): boolean } {
  let struck: Seen | undefined
  let downUntil = 0
  const strikes: Readonly<Partial<Record<Fault, () => void>>> = {
    'kill -9': () => controls.signal('SIGKILL'),
    SIGTERM: () => controls.signal('SIGTERM'),
    SIGINT: () => controls.signal('SIGINT'),
    'helm killed': controls.killHelm,
    cut: () => {
      throw new Error('cut')
    },
    restart: () => {
      downUntil = Date.now() + RESTART_MS
      controls.cutKube()
    },
  }
  const fire = (seen: Seen): void => {
    if (struck) return
    struck = seen
    strikes[fault]?.()
  }
  const points = atPoint(point, fire)
  const hooksOf = (api: KillPoint['api']): Hooks => ({
    before: async (seen) => {
      if (api === point.api) points.before(seen)
      if (api === 'kube' && Date.now() < downUntil) throw new Error('down')
      if (fault === 'slow' && seen === struck) await delay(SLOW_MS)
    },
    refuse: (seen) => (struck && (seen === struck || fault === 'expired') ? answerOf(fault, api, seen) : undefined),
    after: (seen) => {
      if (api === point.api) points.after(seen)
    },
  })
  return { kube: hooksOf('kube'), aws: hooksOf('aws'), struck: () => struck !== undefined }
}

function answerOf(fault: Fault, api: KillPoint['api'], seen: Seen): Reply | undefined {
  const known = ANSWERS[fault]
  if (!known) return undefined
  return api === 'kube' ? refusal(known.kube) : awsRefusal(known.aws, seen)
}

interface AwsFailure {
  readonly status: number
  readonly name: string
}

const ANSWERS: Readonly<Partial<Record<Fault, { readonly kube: number; readonly aws: AwsFailure }>>> = {
  429: { kube: 429, aws: { status: 400, name: 'ThrottlingException' } },
  500: { kube: 500, aws: { status: 500, name: 'InternalFailure' } },
  '403 once': { kube: 403, aws: { status: 403, name: 'AccessDenied' } },
  expired: { kube: 401, aws: { status: 403, name: 'ExpiredToken' } },
}

/** In the protocol of the service that was called: XML for IAM and STS, JSON for the others. */
function awsRefusal({ status, name }: AwsFailure, { authorization }: Seen): Reply {
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(authorization)?.[1] ?? ''
  const message = `${name} by the test`
  if (service === 'iam' || service === 'sts') {
    const error = `<Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error>`
    return { status, headers: { 'content-type': 'text/xml' }, body: `<ErrorResponse>${error}</ErrorResponse>` }
  }
  const type = { ExpiredToken: 'ExpiredTokenException', AccessDenied: 'AccessDeniedException' }[name] ?? name
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': type },
    body: JSON.stringify({ __type: type, message }),
  }
}

/** How a run may end that met the fault: its exit code, and what it must name when that is not 0: a code, or what a check said. */
export interface Verdict {
  readonly exits: readonly (number | 'SIGKILL')[]
  readonly causes: RegExp
}

/** A run whose answer was only late, missing or "try again" once may go on; one that was stopped may have been done already. */
export const VERDICTS: Readonly<Record<Fault, Verdict>> = {
  'kill -9': { exits: ['SIGKILL', 0], causes: /^/ },
  SIGTERM: { exits: [130, 0], causes: /^/ },
  SIGINT: { exits: [130, 0], causes: /^/ },
  cut: { exits: [0, 1, 3], causes: /KubeUnreachable|AwsUnreachable|Helm\w+|LockLost|could not look: .*no answer/ },
  429: { exits: [0, 1, 3], causes: /KubeUnreachable|AwsThrottled|Helm\w+|LockLost|could not look: .*(429|throttl)/ },
  500: { exits: [0, 1, 3], causes: /KubeUnreachable|AwsFailed|AwsUnreachable|Helm\w+|LockLost|could not look: .*500/ },
  '403 once': { exits: [0, 1, 3], causes: /KubeForbidden|AwsDenied|Helm\w+|could not look: .*(not allowed|denied)/ },
  slow: { exits: [0], causes: /^/ },
  expired: {
    exits: [0, 1, 3],
    causes: /KubeUnauthorized|AwsExpired|Helm\w+|LockLost|could not look: .*(expired|credentials)/,
  },
  restart: { exits: [0, 1, 3], causes: /KubeUnreachable|Helm\w+|LockLost|could not look: .*no answer/ },
  'disk full': { exits: [0, 1, 3], causes: /FolderUnwritable|Helm\w+/ },
  'helm killed': { exits: [0, 1], causes: /Helm\w+/ },
}

/** Faults that make sense there: only helm's calls tell that a helm runs, and only an own call is cut off by its proxy for sure. */
function faultsAt({ by, moment, operation }: KillPoint): readonly Fault[] {
  const isWait = operation.startsWith('WATCH')
  return FAULTS.filter((fault) => {
    if (fault === 'helm killed') return by === 'helm'
    if (fault === 'disk full') return false
    if (fault === 'kill -9' || fault === 'SIGTERM' || fault === 'SIGINT' || fault === 'cut') return true
    if (fault === 'restart') return moment === 'before'
    return moment === 'before' && !isWait
  })
}

/** `size` injections: each fault as often as the others, each kind of call (API, caller, verb, resource) in turn; the seed decides which. */
export function plan(points: readonly KillPoint[], size: number, seed: number): readonly Injection[] {
  const next = random(seed)
  const pools = new Map<Fault, KillPoint[][]>(FAULTS.map((fault) => [fault, []]))
  const kinds = new Map<string, KillPoint[]>()
  for (const point of points) {
    const kind = `${point.api} ${point.by} ${kindOf(point.operation)}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), point])
  }
  for (const kind of kinds.values())
    for (const fault of FAULTS) {
      const fitting = kind.filter((point) => faultsAt(point).includes(fault))
      if (fitting.length > 0) pools.get(fault)?.push(fitting)
    }
  const first = points[0]
  if (first) pools.set('disk full', [[first]])
  return Array.from({ length: size }, (_, index) => {
    const fault = FAULTS[index % FAULTS.length] ?? 'kill -9'
    const groups = pools.get(fault) ?? []
    const group = groups[Math.floor(next() * groups.length)] ?? []
    const point = group[Math.floor(next() * group.length)]
    if (!point) throw new Error(`the run passed no call for ${fault}`)
    return { fault, point }
  })
}

/** Names of objects out of it: `PATCH /api/v1/namespaces/litellm/secrets/x` is of the kind `PATCH secrets`. */
const kindOf = (operation: string): string =>
  operation.replace(/\/(api|apis\/[^/]+)\/v\w+(\/namespaces\/[^/]+(?=\/))?\/([^/]+).*/, '$3')
