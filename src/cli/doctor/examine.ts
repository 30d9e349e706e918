import {
  type DoctorCheck,
  type DoctorContext,
  doctorChecks,
  type Finding,
  type Repair,
} from '../../../steps/doctor/index.ts'
import { bounded } from '../../engine/bounded.ts'
import type { Services } from '../../ports/index.ts'
import type { Guarded } from '../guard.ts'
import { chartVersionsFinding } from './chart-versions.ts'
import { askGround, type Place } from './ground.ts'
import { imagesFinding } from './images.ts'
import { lockFinding } from './lock-finding.ts'
import { machineQuestions } from './machine.ts'
import { answered, type Reported } from './report.ts'

/** A check that hangs must not hang the rest. */
const CHECK_TIMEOUT_MS = 60_000

interface Wide extends Pick<DoctorCheck, 'id' | 'title' | 'asks'> {
  run(ctx: DoctorContext, guarded: Guarded): Promise<Finding>
}

/** Checks that need more than ports: what this program or a version library knows. */
function ownChecks({ world }: Place): readonly Wide[] {
  return [
    {
      id: 'chart-versions',
      title: 'Kubernetes version and charts',
      asks: 'cluster',
      run: (ctx, { kubeVersion }) => chartVersionsFinding(ctx, kubeVersion),
    },
    { id: IMAGES, title: 'Images', asks: 'charts', run: ({ signal }) => imagesFinding(world.images, signal) },
    { id: 'lock', title: 'Lock', asks: 'cluster', run: (ctx) => lockFinding(world, ctx) },
  ]
}

/** The one check that asks places of others. */
export const IMAGES = 'images'

const IDS_OF_GROUND = ['node', 'helm', 'credentials', 'account', 'clock', 'cluster', 'api-server']

/** Every id, in the order of the report. */
export const DOCTOR_IDS: readonly string[] = [
  ...IDS_OF_GROUND,
  ...doctorChecks.map(({ id }) => id),
  'chart-versions',
  IMAGES,
  'lock',
]

/** What was found, and what of it can be mended. */
export interface Examined {
  readonly findings: readonly Reported[]
  readonly repairs: readonly Repair[]
  /** Set where account and cluster are the right ones. */
  readonly services?: Services
}

/** Asks everything that `wanted` names and what it stands on. `servicesOf` joins the ports once the place is known. */
export async function examine(
  place: Place,
  { wanted, servicesOf }: { readonly wanted: ReadonlySet<string>; servicesOf(guarded: Guarded): Services },
): Promise<Examined> {
  const [machine, ground] = await Promise.all([
    Promise.all(machineQuestions(place.world).map((question) => answered(question, place.signal))),
    askGround(place),
  ])
  const checks = [...doctorChecks, ...ownChecks(place)].filter(({ id }) => wanted.has(id))
  const { guarded } = ground
  const rest = await Promise.all(
    checks.map((check) =>
      answered({ ...check, run: () => dare(place, check, { ground, guarded, servicesOf }) }, place.signal),
    ),
  )
  const findings = [...machine, ...ground.findings, ...rest].filter(({ id }) => wanted.has(id))
  if (guarded === undefined) return { findings, repairs: [] }
  const services = servicesOf(guarded)
  return { findings, repairs: await repairsOf(findings, { ...services, signal: place.signal }), services }
}

/** Of what is bad only: a check that could not look has nothing to mend. */
async function repairsOf(findings: readonly Reported[], ctx: DoctorContext): Promise<readonly Repair[]> {
  const bad = new Set(findings.flatMap(({ id, result }) => (result === 'fail' || result === 'warn' ? [id] : [])))
  const repairs = await Promise.all(
    doctorChecks.filter(({ id }) => bad.has(id)).map((check) => check.repair?.(ctx).catch(() => undefined)),
  )
  return repairs.flatMap((repair) => repair ?? [])
}

interface Known {
  readonly ground: { readonly findings: readonly Reported[] }
  readonly guarded: Guarded | undefined
  servicesOf(guarded: Guarded): Services
}

async function dare({ world, signal }: Place, check: Wide, known: Known): Promise<Finding> {
  const { guarded, ground, servicesOf } = known
  const lacking = ground.findings.find(
    ({ id, result }) => (id === 'cluster' || (id === 'api-server' && check.asks === 'cluster')) && result !== 'pass',
  )
  if (guarded === undefined || lacking !== undefined)
    return { result: 'could-not-look', evidence: `see ${lacking?.id ?? 'cluster'}` }
  return await bounded((own) => check.run({ ...servicesOf(guarded), signal: own }, guarded), {
    clock: world.clock,
    timeoutMs: CHECK_TIMEOUT_MS,
    signals: [signal],
    what: `check "${check.title}"`,
  })
}
