import { type PolicyState, policyStates } from '../../../steps/policies/audit-state.ts'
import type { Policy } from '../../../steps/policies/catalog.ts'
import {
  configurationLines,
  enforce,
  refuseConfigured,
  refuseViolations,
  untilAudited,
} from '../../../steps/policies/enforce.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import { counted } from '../../ui/layout.ts'
import { confirmPlan } from '../../ui/prompts.ts'
import type { PolicyEnforceFlags, PolicyStatusFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { choosePolicies } from '../policy/choose.ts'
import { statusText } from '../policy/status-text.ts'
import { hasTerminal } from '../run/mode.ts'
import { promptContext } from '../run/questions.ts'
import { type Session, withSession } from '../run/session.ts'
import { underLock } from '../run/under-lock.ts'

const DIFFERENCES = 4

/** `llmgw policy status`: each policy, what it does about violations, and what the real audit found. @returns exit code */
export async function policyStatus(given: PolicyStatusFlags, host: Host): Promise<number> {
  const flags = { ...given, deep: false }
  return await withSession({ command: 'policy status', flags, host }, async (session) => {
    const states = await policyStates(lookingWith(session))
    await session.stage.close()
    session.print(statusText(states, session.world.clock.now(), session.style))
    const policies = states.map(({ policy: { name, kind }, ...state }) => ({ name, kind, ...state }))
    session.printJson({ command: 'policy status', target: session.guarded.target, policies })
    const clean = states.every(({ absent, audit, outdated }) =>
      absent === undefined ? outdated === undefined && audit?.total === 0 : true,
    )
    return given.exitCode && !clean ? DIFFERENCES : 0
  })
}

/**
 * `llmgw policy enforce`: denies from now on what breaks a policy, where the audit shows that nothing does.
 * @returns exit code
 */
export async function policyEnforce(given: PolicyEnforceFlags, host: Host): Promise<number> {
  const chosen = choosePolicies(given.only)
  if (!given.yes && !hasTerminal(given, host))
    throw new UsageError('NoTerminal', 'nobody can be asked here whether violations are to be denied', {
      hint: 'add --yes; see what it would meet with: llmgw policy status',
    })
  const command = ['policy enforce', ...(given.only === undefined ? [] : [`--only ${given.only}`])].join(' ')
  const flags = { ...given, deep: false }
  return await withSession({ command, flags, host }, async (session) => {
    const policies = await candidates(session, chosen, given.only !== undefined)
    if (policies.length === 0) return await done(session, { command, enforced: [], all: false })
    const states = await untilAudited(lookingWith(session), policies)
    refuseViolations(states)
    await session.stage.close()
    if (!given.yes) await confirmed(session, policies)
    await underLock(session, async () => {
      // Somebody may have added one while this was read.
      const ctx = lookingWith(session)
      refuseViolations(await untilAudited(ctx, policies))
      await enforce(ctx, policies)
    })
    const all = (await policyStates(lookingWith(session))).every(({ enforcement = 'deny' }) => enforcement === 'deny')
    return await done(session, { command, enforced: policies, all })
  })
}

/** Those that do not deny yet. @throws UsageError, PreflightError where one that was named cannot */
async function candidates(session: Session, chosen: readonly Policy[], named: boolean): Promise<readonly Policy[]> {
  if (session.ctx.config.policies.kind !== 'gatekeeper')
    throw new UsageError(
      'PoliciesOff',
      `policies.kind is ${session.ctx.config.policies.kind}: there is nothing to enforce`,
      {
        hint: 'set policies.kind to gatekeeper, then: llmgw deploy policies --with-needs',
      },
    )
  const states = (await policyStates(lookingWith(session))).filter(({ policy }) => chosen.includes(policy))
  const [missing] = states.filter(({ absent }) => absent === 'it is not deployed')
  if (missing !== undefined)
    throw new PreflightError('PoliciesMissing', `policy ${missing.policy.name} is not deployed`, {
      hint: 'llmgw deploy policies',
    })
  const [left] = states.filter(({ absent }) => absent !== undefined)
  if (named && left !== undefined)
    throw new PreflightError('PoliciesMissing', `policy ${left.policy.name} has nothing to enforce: ${left.absent}`, {
      hint: 'leave it out of --only, or mend that first',
    })
  const open = states.filter((state: PolicyState) => state.absent === undefined && state.enforcement !== 'deny')
  const policies = open.map(({ policy }) => policy)
  refuseConfigured(session.ctx, policies)
  return policies
}

async function confirmed(session: Session, policies: readonly Policy[]): Promise<void> {
  const { accountId, region, clusterName } = session.guarded.target
  const names = policies.map(({ name }) => name).join(', ')
  session.print(`no violation of ${names} in the audit: from now on such objects are denied, to everybody`)
  const changes = `${counted(policies.length, 'policy').replace('policys', 'policies')} to deny violations`
  await confirmPlan({ accountId, region, clusterName, changes }, promptContext(session))
}

interface Done {
  readonly command: string
  readonly enforced: readonly Policy[]
  /** Whether every policy that is in force denies now. */
  readonly all: boolean
}

async function done(session: Session, { command, enforced, all }: Done): Promise<number> {
  const names = enforced.map(({ name }) => name)
  await session.stage.close()
  session.print(
    names.length === 0
      ? 'these policies deny violations already'
      : [
          `enforced: ${names.join(', ')}`,
          'A deploy leaves that as it is. To have it in the configuration, and so on another cluster:',
          configurationLines(names, all),
        ].join('\n'),
  )
  session.printJson({ command, target: session.guarded.target, enforced: names })
  return 0
}

function lookingWith({ ctx, stop, stage }: Session) {
  const report = (message: string) => stage.emit({ type: 'note', level: 'info', message })
  return { ...ctx, signal: stop.signal, report }
}
