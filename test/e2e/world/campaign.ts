import { type Fault, faultsAt, type Injection } from './faults.ts'
import { type KillPoint, kindOfCall, random } from './kill-points.ts'

/** A run goes no further than these: at most one of them in a run, and everything else of the run before it. */
const LAST: ReadonlySet<Fault> = new Set(['kill -9', 'SIGTERM', 'SIGINT', 'expired'])

/** Much of a run survives these, but not all: at most one of them. */
const HARSH: ReadonlySet<Fault> = new Set(['restart', 'disk full'])

/** Steps that hardly another one waits for: when one of them fails, the others go on. */
const LEAVES: ReadonlySet<string> = new Set([
  'alert-rules',
  'dashboards',
  'jaeger',
  'monitors',
  'network-isolation',
  'openwebui',
  'policy-constraints',
])

/** How many a run meets that it is likely to survive, and how many steps on which nothing hangs may fail besides. */
const SURVIVED = 14
const FAILING_LEAVES = 2

/** In what part of the runs a step fails on which others hang: what comes after it is hardly reached. */
const HUBS = 0.4

/** Before this part of its calls a run only looks. */
const LOOKS = 0.2

interface Candidate extends Injection {
  /** Which call of the run it is. */
  readonly place: number
}

const cellOf = ({ fault, point }: Injection): string => `${point.step}: ${fault}`

/** Helm tries nothing again, so what an own call survives fails its step; so does one refusal. */
const failsItsStep = ({ fault, point }: Injection): boolean =>
  fault === '403 once' || (point.by === 'helm' && fault !== 'slow')

/** Something may be half done at a write, or while something is waited for. */
const isRead = ({ point }: Injection): boolean => /^(GET |Get|List|Describe)/.test(point.operation)

/** How often a read is drawn where the step makes other calls too. */
const READS = 0.25

/** Draws faults for run after run, those first that have struck least in a step, and counts which did. */
export class Campaign {
  readonly #random: () => number
  readonly #drawn = new Map<string, number>()
  readonly #struck = new Map<string, number>()
  readonly #possible = new Set<string>()
  #total = 0

  /** @param seed the same one draws the same faults where the runs go the same way */
  constructor(seed: number) {
    this.#random = random(seed)
  }

  /** How many have struck. */
  get total(): number {
    return this.#total
  }

  /** How often the fault struck in the step; undefined where no run passes a call for it. */
  struck(step: string, fault: Fault): number | undefined {
    const cell = `${step}: ${fault}`
    return this.#possible.has(cell) ? (this.#struck.get(cell) ?? 0) : undefined
  }

  get steps(): readonly string[] {
    return [...new Set([...this.#possible].map((cell) => cell.split(':')[0] ?? ''))].sort()
  }

  /** Pairs of step and fault that could have met, and did not. */
  get missing(): readonly string[] {
    return [...this.#possible].filter((cell) => !this.#struck.has(cell)).sort()
  }

  count(struck: readonly Injection[]): void {
    for (const injection of struck) bump(this.#struck, cellOf(injection))
    this.#total += struck.length
  }

  /**
   * Faults for a run that passes these points in this order when it meets none.
   * @param dear it takes so long to come there again that nothing ends it while it only looks
   */
  draw(passed: readonly KillPoint[], { dear } = { dear: false }): readonly Injection[] {
    const possible = passed.flatMap((point, place) => faultsAt(point).map((fault) => ({ fault, point, place })))
    for (const candidate of possible) this.#possible.add(cellOf(candidate))
    const looked = dear ? passed.length * LOOKS : 0
    const all = possible.filter((one) => one.place >= looked || !(LAST.has(one.fault) || failsItsStep(one)))
    const drawn: Candidate[] = []
    const take = (candidates: readonly Candidate[]): Candidate | undefined => {
      const taken = new Set(drawn.map(({ point }) => `${point.step} ${point.operation}`))
      const chosen = this.#pick(candidates.filter(({ point }) => !taken.has(`${point.step} ${point.operation}`)))
      if (chosen) drawn.push(chosen)
      return chosen
    }
    const hasStruck = (one: Candidate): boolean => this.#struck.has(cellOf(one))
    const last = take(all.filter(({ fault }) => LAST.has(fault)))
    const before = all.filter(({ fault, place }) => !LAST.has(fault) && place < (last?.place ?? passed.length))
    // What has struck already does not keep a run from what has not.
    const risks = all.every(hasStruck) ? before : before.filter((one) => !hasStruck(one))
    take(risks.filter(({ fault }) => HARSH.has(fault)))
    const mild = before.filter(({ fault }) => !HARSH.has(fault))
    const failing = risks.filter((one) => !HARSH.has(one.fault) && failsItsStep(one))
    const leaves = failing.filter((one) => !isRead(one) && LEAVES.has(one.point.step))
    for (let count = 0; count < FAILING_LEAVES; count += 1) {
      const steps = new Set(drawn.filter(failsItsStep).map(({ point }) => point.step))
      take(leaves.filter(({ point }) => !steps.has(point.step)))
    }
    if (this.#random() < HUBS) take(failing.filter(({ point }) => !LEAVES.has(point.step)))
    const others = mild.filter((one) => !failsItsStep(one))
    for (let count = 0; count < SURVIVED; count += 1) take(others)
    return drawn.sort((one, other) => one.place - other.place).map(({ fault, point }) => ({ fault, point }))
  }

  /** One of the pairs of step and fault that struck least, and there of any kind of call. */
  #pick(candidates: readonly Candidate[]): Candidate | undefined {
    const cells = groupBy(candidates, cellOf)
    // What was drawn and never reached comes first for a while, but not for ever.
    const weight = (cell: string): number => {
      const [struck, drawn] = [this.#struck.get(cell) ?? 0, this.#drawn.get(cell) ?? 0]
      return struck === 0 ? drawn / 2 : struck * 2 + drawn
    }
    const least = Math.min(...[...cells.keys()].map(weight))
    const cell = this.#any([...cells.keys()].filter((name) => weight(name) === least))
    if (cell === undefined) return undefined
    bump(this.#drawn, cell)
    const within = cells.get(cell) ?? []
    const others = within.filter((one) => !isRead(one))
    const kinds = groupBy(
      others.length > 0 && this.#random() >= READS ? others : within,
      ({ point }) => `${point.by} ${point.moment} ${kindOfCall(point)}`,
    )
    return this.#any(this.#any([...kinds.values()]) ?? [])
  }

  #any<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)]
  }
}

function bump(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function groupBy<Item>(items: readonly Item[], nameOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group) group.push(item)
    else groups.set(name, [item])
  }
  return groups
}
