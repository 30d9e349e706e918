import type { Finding } from '../../../steps/doctor/index.ts'
import { causeOf } from '../../engine/cause.ts'
import { CHART_FAULTS } from '../supply/chart-faults.ts'

/** A finding with the question it answers. */
export interface Reported extends Finding {
  readonly id: string
  readonly title: string
}

/** A question; a throw is translated by {@link answered}. */
export interface Question {
  readonly id: string
  readonly title: string
  run(): Promise<Finding>
}

/** Codes of errors that are an answer: somebody looked, and it is not right. All others say that nobody could look. */
const ANSWERS: ReadonlySet<string> = new Set([
  'HelmMissing',
  'HelmTooOld',
  'AwsNoCredentials',
  'AwsExpired',
  'AwsClockSkew',
  'ForeignEndpoint',
  'WrongAccount',
  'WrongCluster',
  'ClusterNotFound',
  'ClusterNotActive',
  'NoOidcIssuer',
  'WrongOidcProvider',
  'WrongKubeContext',
  'KubeconfigUnusable',
  'KubeconfigList',
  'KubeUnauthorized',
  ...CHART_FAULTS,
])

/** The finding, whatever the question met. @throws when `signal` was aborted */
export async function answered({ id, title, run }: Question, signal: AbortSignal): Promise<Reported> {
  try {
    return { id, title, ...(await run()) }
  } catch (error) {
    signal.throwIfAborted()
    const { code, message, evidence = [], hint } = causeOf(error)
    const words = [message, ...evidence].join(': ')
    const result = ANSWERS.has(code) ? 'fail' : 'could-not-look'
    return { id, title, result, evidence: words, ...(hint === undefined ? {} : { fix: hint }) }
  }
}

/** Without these nearly everything else is unknown. */
const GROUND: ReadonlySet<string> = new Set(['account', 'cluster', 'api-server'])

/** 3 = could not look at the ground, or at anything that was asked; 1 = something fails; 0 = nothing does. */
export function exitCodeOf(findings: readonly Reported[]): 0 | 1 | 3 {
  const unseen = findings.filter(({ result }) => result === 'could-not-look')
  if (unseen.some(({ id }) => GROUND.has(id))) return 3
  if (findings.some(({ result }) => result === 'fail')) return 1
  return findings.length > 0 && unseen.length === findings.length ? 3 : 0
}
