import { showText } from '../../config/show.ts'
import { componentStates } from '../../engine/decide.ts'
import type { Looked } from '../../engine/look.ts'
import { dependantsOutside, select } from '../../engine/selection.ts'
import { teardown } from '../../engine/teardown.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import type { RunOptions } from '../../ports/index.ts'
import { confirmTyped } from '../../ui/prompts.ts'
import type { DestroyFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { type Named, namedComponents } from '../run/components.ts'
import { milliseconds } from '../run/duration.ts'
import { finish } from '../run/finish.ts'
import { hasTerminal } from '../run/mode.ts'
import { promptContext } from '../run/questions.ts'
import { refuseUnknown, type Session, withSession } from '../run/session.ts'
import { warnOfSessionEnd } from '../run/session-end.ts'
import { underLock } from '../run/under-lock.ts'

/** `llmgw destroy`: says what goes, has the deployment's name typed, removes it. @returns exit code */
export async function destroy(words: readonly string[], flags: DestroyFlags, host: Host): Promise<number> {
  const named = namedComponents(words)
  refuseUnconfirmed(flags, host)
  const command = `destroy ${named.length === 0 ? 'all' : named.join(' ')}`
  const options = { destroy: destroyOptions(flags) }
  return await withSession({ command, flags, host, options }, (session) => run(session, named, flags))
}

function destroyOptions(flags: DestroyFlags): RunOptions['destroy'] {
  return {
    crds: flags.deleteCrds,
    volumes: flags.deleteVolumes,
    secrets: flags.purgeSecrets ? 'purge' : flags.keepSecrets ? 'keep' : 'schedule',
  }
}

/** Where nobody can type the name it must be given, and meant: two flags. */
function refuseUnconfirmed(flags: DestroyFlags, host: Host): void {
  if (flags.confirm === undefined ? hasTerminal(flags, host) && !flags.yes : flags.yes || hasTerminal(flags, host))
    return
  throw new UsageError(
    'NotConfirmed',
    'destroying needs the name of the deployment as confirmation, and nobody can type it here',
    {
      hint: 'add --yes --confirm NAME, where NAME is the deployment of the configuration',
    },
  )
}

async function run(session: Session, named: Named, flags: DestroyFlags): Promise<number> {
  refuseOtherName(session, flags)
  const { graph } = session
  const { selected } = select(graph, named, { withNeeds: false })
  const looked = await session.look(graph, { diff: false })
  refuseUnknown(looked)
  refuseDependants(session, { looked, selected, named })
  await warnOfSessionEnd(session)
  announce(session, looked, selected)
  if (flags.confirm === undefined)
    await confirmTyped(
      { message: 'This cannot be undone.', expected: session.ctx.config.deployment },
      promptContext(session),
    )
  const { ctx, world, stage, stop } = session
  const result = await underLock(session, ({ assertHeld, lost }) =>
    teardown(graph, ctx, {
      looked,
      selected,
      concurrency: flags.concurrency,
      failFast: flags.failFast,
      signal: stop.signal,
      hardSignal: lost === undefined ? stop.hardSignal : AbortSignal.any([stop.hardSignal, lost]),
      emit: stage.emit,
      clock: world.clock,
      stepTimeoutMs: milliseconds(ctx.config.timeouts.step),
      ...(assertHeld === undefined ? {} : { assertHeld }),
    }),
  )
  return await finish(session, { result, checks: [] })
}

interface Scope {
  readonly looked: Looked
  readonly selected: ReadonlySet<string>
  readonly named: Named
}

/** @throws PreflightError that names what is deployed and would lose what it stands on */
function refuseDependants({ graph }: Session, { looked, selected, named }: Scope): void {
  const deployed = dependantsOutside(graph, selected).filter((step) => {
    const state = looked.observations.get(step.id)?.state
    return state !== undefined && state !== 'missing' && state !== 'waiting'
  })
  if (deployed.length === 0) return
  const components = [...new Set(deployed.map((step) => step.component))]
  throw new PreflightError(
    'NeededByOthers',
    `${components.join(', ')} still ${components.length === 1 ? 'needs' : 'need'} it`,
    {
      hint: `llmgw destroy ${[...components, ...named].join(' ')}   (or: llmgw destroy all)`,
    },
  )
}

const SECRETS_LINES: Readonly<Record<RunOptions['destroy']['secrets'], string>> = {
  keep: '; secrets in AWS stay',
  schedule: '; secrets in AWS are scheduled for deletion, with a recovery window',
  purge: '; secrets in AWS are deleted at once, for good',
}

/** What goes and what stays, before anything is asked. */
function announce(session: Session, looked: Looked, selected: ReadonlySet<string>): void {
  const { ctx, graph, world, guarded } = session
  const { crds, volumes, secrets } = ctx.options.destroy
  const going = componentStates(graph, looked).flatMap(({ component, steps }) => {
    const own = steps.filter(({ id, seen }) => selected.has(id) && seen.state !== 'missing')
    return own.length === 0 ? [] : [`  - ${component}: ${own.map(({ id }) => graph.get(id).title).join(', ')}`]
  })
  const { deployment } = world.loaded.config
  const { clusterName, accountId } = guarded.target
  const secretsLine = selected.has('secrets') ? SECRETS_LINES[secrets] : ''
  session.print(
    [
      `Deployment ${deployment} on cluster ${clusterName} in account ${accountId} loses what these steps made:`,
      ...(going.length > 0 ? going : ['  (nothing of it is there)']),
      `Custom resource definitions ${crds ? 'are deleted, with all objects of their kinds' : 'stay'}; volumes ${volumes ? 'are deleted' : 'stay'}${secretsLine}.`,
    ].join('\n'),
  )
}

function refuseOtherName({ ctx }: Session, { confirm }: DestroyFlags): void {
  const { deployment } = ctx.config
  if (confirm === undefined || confirm === deployment) return
  throw new UsageError(
    'WrongConfirmation',
    `--confirm names "${showText(confirm)}", the deployment is "${deployment}"`,
    {
      hint: 'compare with the configuration; nothing was removed',
    },
  )
}
