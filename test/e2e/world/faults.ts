import { setTimeout as delay } from 'node:timers/promises'
import { atPoint, describePoint, type KillPoint } from './kill-points.ts'
import { type Hooks, type Reply, refusal, type Seen } from './recording-proxy.ts'

/** What can happen to a run at an exact call. `restart`: the API server is gone for seconds, watches are cut. */
export const FAULTS = [
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

export const describeInjection = ({ fault, point }: Injection): string => `${fault} ${describePoint(point)}`

/** What a fault does to processes, connections and the disk. Each returns whether there was something to do it to. */
export interface Controls {
  signal(signal: NodeJS.Signals): boolean
  killHelm(): boolean
  /** Cuts every connection to the API server. */
  cutKube(): void
  /** Leaves no room where the run keeps its temporary files. */
  fillDisk(): boolean
}

const SLOW_MS = 4_000
const RESTART_MS = 3_000

interface Armed {
  readonly injection: Injection
  readonly points: ReturnType<typeof atPoint>
  readonly hit: { seen?: Seen }
}

/** Hooks for both APIs that do each of them once, when the run reaches its point; `struck` tells which it met, in order. */
export function inject(
  injections: readonly Injection[],
  controls: Controls,
): { readonly kube: Hooks; readonly aws: Hooks; struck(): readonly Injection[] } {
  const struck: Injection[] = []
  let downUntil = 0
  let killed = false
  const strikes: Readonly<Partial<Record<Fault, () => boolean>>> = {
    'kill -9': () => {
      killed = controls.signal('SIGKILL')
      return killed
    },
    SIGTERM: () => controls.signal('SIGTERM'),
    SIGINT: () => controls.signal('SIGINT'),
    'helm killed': controls.killHelm,
    'disk full': controls.fillDisk,
    restart: () => {
      downUntil = Date.now() + RESTART_MS
      controls.cutKube()
      return true
    },
  }
  const arm = (injection: Injection): Armed => {
    const hit: Armed['hit'] = {}
    const points = atPoint(injection.point, (seen) => {
      // A helm that outlives the run still calls, and what it meets is no fault of the run.
      if (hit.seen || killed || strikes[injection.fault]?.() === false) return
      hit.seen = seen
      struck.push(injection)
    })
    return { injection, points, hit }
  }
  const armed = injections.map(arm)
  const applies = ({ injection: { fault }, hit }: Armed, seen: Seen): boolean =>
    hit.seen !== undefined && (hit.seen === seen || fault === 'expired')
  const meets = (seen: Seen, fault: Fault): boolean =>
    armed.some(({ injection, hit }) => injection.fault === fault && hit.seen === seen)
  const pass = (moment: KillPoint['moment'], api: KillPoint['api'], seen: Seen): void => {
    const before = struck.length
    for (const { injection, points } of armed) if (injection.point.api === api) points[moment](seen)
    if (struck.slice(before).some(({ fault }) => fault === 'cut')) throw new Error('cut')
  }
  const hooksOf = (api: KillPoint['api']): Hooks => ({
    before: async (seen) => {
      pass('before', api, seen)
      if (api === 'kube' && Date.now() < downUntil) throw new Error('down')
      if (meets(seen, 'slow')) await delay(SLOW_MS)
    },
    refuse: (seen) => {
      const answers = armed
        .filter((one) => applies(one, seen))
        .map(({ injection }) => answerOf(injection.fault, api, seen))
      return answers.find((answer) => answer !== undefined)
    },
    after: (seen) => pass('after', api, seen),
  })
  return { kube: hooksOf('kube'), aws: hooksOf('aws'), struck: () => struck }
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

/** Faults that make sense there: only helm's calls tell that a helm runs, and a wait that has begun is not refused. */
export function faultsAt({ by, moment, operation }: KillPoint): readonly Fault[] {
  const isWait = operation.startsWith('WATCH')
  return FAULTS.filter((fault) => {
    if (fault === 'helm killed') return by === 'helm'
    if (fault === 'kill -9' || fault === 'SIGTERM' || fault === 'SIGINT' || fault === 'cut') return true
    if (fault === 'restart' || fault === 'disk full') return moment === 'before'
    return moment === 'before' && !isWait
  })
}
