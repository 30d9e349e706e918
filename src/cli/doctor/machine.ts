import { lt } from 'semver'
import type { Finding } from '../../../steps/doctor/index.ts'
import { milliseconds } from '../run/duration.ts'
import type { World } from '../world.ts'
import type { Question } from './report.ts'

const OLDEST_NODE = '20.19.0'
/** Source: @aws-sdk/core, emitWarningIfUnsupportedVersion: versions published after the first week of January 2027 need Node 22. */
const NODE_FOR_AWS = '22.0.0'

/** Whether the Node that runs us is one we support, and for how long. */
export function nodeFinding(version: string): Finding {
  const evidence = `Node ${version}`
  const fix = 'install Node 22 or 24: https://nodejs.org/en/download'
  if (lt(version, OLDEST_NODE))
    return { result: 'fail', evidence: `${evidence}, expected ${OLDEST_NODE} or newer`, fix }
  if (!lt(version, NODE_FOR_AWS)) return { result: 'pass', evidence }
  return { result: 'warn', evidence: `${evidence}: the AWS SDK drops it in January 2027`, fix }
}

/** A signature that is older is refused by AWS. Source: IAM user guide, "Elements of an API request signature". */
const REFUSED_SKEW_MS = 5 * 60_000
const NOTED_SKEW_MS = 60_000

/** Whether the clocks of this machine and of AWS agree; `undefined` = no answer carried a date. */
export function clockFinding(skewMs: number | undefined): Finding {
  if (skewMs === undefined) return { result: 'could-not-look', evidence: 'the answer of AWS carries no Date header' }
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const evidence =
    seconds <= 1
      ? 'within a second of the clock of AWS'
      : `${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the clock of AWS`
  if (Math.abs(skewMs) < NOTED_SKEW_MS) return { result: 'pass', evidence }
  const fix = 'set the clock: timedatectl set-ntp true'
  return { result: Math.abs(skewMs) < REFUSED_SKEW_MS ? 'warn' : 'fail', evidence, fix }
}

/** Node and helm. */
export function machineQuestions(world: World): readonly Question[] {
  return [
    { id: 'node', title: 'Node', run: async () => nodeFinding(process.versions.node) },
    {
      id: 'helm',
      title: 'Helm',
      async run() {
        const { path, version } = await world.helmTool()
        return { result: 'pass', evidence: `helm ${version} at ${path}` }
      },
    },
  ]
}

/** Whether there are credentials, and whether they outlive a run. */
export async function credentialsFinding(world: World, signal: AbortSignal): Promise<Finding> {
  const end = await world.credentialsEnd(signal)
  if (end === undefined) return { result: 'pass', evidence: 'found; they name no end' }
  const left = end - world.clock.now()
  const minutes = Math.floor(left / 60_000)
  const evidence = `they end at ${new Date(end).toISOString()}`
  const fix = 'aws sso login (or renew the credentials the way they were issued)'
  if (left <= 0) return { result: 'fail', evidence: `${evidence}: expired`, fix }
  const { run } = world.loaded.config.timeouts
  if (left >= milliseconds(run)) return { result: 'pass', evidence: `${evidence}, in ${minutes} min` }
  return { result: 'warn', evidence: `${evidence}, in ${minutes} min: a run may take ${run}`, fix }
}
