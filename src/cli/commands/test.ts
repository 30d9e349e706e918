import { setTimeout as sleep } from 'node:timers/promises'
import { isEmbedding } from '../../../steps/litellm/ask-model.ts'
import { forgedToken } from '../../../steps/litellm/forged-token.ts'
import { type LlmgwError, UsageError } from '../../errors.ts'
import type { LookFlags } from '../flags.ts'
import { platformTrials } from '../gateway/platform-trials.ts'
import { type Reached, reachGateway } from '../gateway/reach.ts'
import type { Trial, TriedModel } from '../gateway/trial.ts'
import { GROUPS } from '../gateway/trials.ts'
import type { Host } from '../host.ts'
import { milliseconds } from '../run/duration.ts'
import { type Session, withSession } from '../run/session.ts'

export interface TestFlags extends LookFlags {
  readonly model?: string
  readonly endpoint?: string
  readonly stream: boolean
  readonly wait?: string
}

type Group = keyof typeof GROUPS

const ALL = Object.keys(GROUPS) as Group[]
const LOOK_AGAIN_MS = 1_000

/** What stands between a deployment and its users: everything, each model also as a stream, and how the platform is secured. */
const PRODUCTION = 'production'

/** `llmgw test health | auth | models | guardrails | production | all`: real calls to the running gateway. @returns exit code */
export async function test(what: string, flags: TestFlags, host: Host): Promise<number> {
  const groups = groupsOf(what)
  const command = `test ${what}`
  return await withSession({ command, flags: { ...flags, deep: false }, host }, async (session) => {
    session.stage.emit({ type: 'run-started', command, steps: [] })
    const { client, key } = await untilReached(session, flags)
    const { guardrails } = session.ctx.config
    const stream = flags.stream || what === PRODUCTION
    const forged = forgedToken(session.ctx.config, session.world.clock.now())
    const models = triedModels(session, flags.model)
    const request = { client, key, models, guardrails, stream, forgedToken: forged }
    const trials: Trial[] = []
    for (const group of groups) trials.push(...(await GROUPS[group](request)))
    if (what === PRODUCTION) trials.push(...(await platformTrials(session)))
    for (const { group, title, result, found } of trials) {
      const told = { check: `${group}: ${title}`, component: 'litellm', title, result, found }
      session.stage.emit({ type: 'check-finished', ...told, elapsedMs: 0 })
    }
    // Nothing tried is nothing shown.
    const ok = trials.some(({ result }) => result === 'pass') && trials.every(({ result }) => result !== 'fail')
    session.stage.emit({ type: 'run-finished', ok, elapsedMs: session.elapsedMs(), counts: {} })
    await session.stage.close()
    session.print(textOf(session, client.title, trials))
    session.printJson({ command, ok, exitCode: ok ? 0 : 1, gateway: client.title, trials })
    return ok ? 0 : 1
  })
}

/** Those of the configuration, or the one that was named. */
function triedModels({ ctx }: Session, named: string | undefined): readonly TriedModel[] {
  const configured = ctx.config.models.map((model) => ({ name: model.name, embeds: isEmbedding(model) }))
  if (named === undefined) return configured
  return [configured.find(({ name }) => name === named) ?? { name: named, embeds: false }]
}

function groupsOf(what: string): readonly Group[] {
  if (what === 'all' || what === PRODUCTION) return ALL
  const group = ALL.find((one) => one === what)
  if (group !== undefined) return [group]
  throw new UsageError('UnknownTest', `there is no test ${JSON.stringify(what)}`, {
    hint: `use one of ${[...ALL, PRODUCTION, 'all'].join(', ')}`,
  })
}

/** Reasons for which waiting may help. */
const EARLY = new Set(['ServiceNotThere', 'ServiceNotReady', 'GatewayKeyMissing', 'ServiceUnreachable', 'PodRefused'])

async function untilReached(session: Session, { endpoint, wait }: TestFlags): Promise<Reached> {
  const deadline = performance.now() + (wait === undefined ? 0 : milliseconds(wait))
  for (;;) {
    try {
      const reached = await reachGateway(session, endpoint)
      if (wait !== undefined) await reached.client.call({ path: '/health/readiness' })
      return reached
    } catch (error) {
      if (performance.now() > deadline || !EARLY.has((error as LlmgwError).code)) throw error
      await sleep(LOOK_AGAIN_MS, undefined, { signal: session.stop.signal })
    }
  }
}

function textOf({ style }: Session, gateway: string, trials: readonly Trial[]): string {
  const { paint } = style
  const colour = { pass: paint.green, warn: paint.yellow, fail: paint.red, skip: paint.dim }
  const lines = trials.flatMap(({ result, title, found }) => [`${colour[result](result)}  ${title}`, `      ${found}`])
  const passed = trials.filter(({ result }) => result === 'pass').length
  const skips = trials.filter(({ result }) => result === 'skip').length
  const skipped = skips === 0 ? '' : `, ${skips} skipped`
  return [...lines, `${passed} of ${trials.length} passed${skipped}, through ${gateway}`].join('\n')
}
