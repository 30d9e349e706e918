import { resolve } from 'node:path'
import { policyStates } from '../../../steps/policies/audit-state.ts'
import { findGator } from '../../adapters/gator/gator.ts'
import { UsageError } from '../../errors.ts'
import { counted, indented } from '../../ui/layout.ts'
import { createAssets, packageRoot } from '../assets.ts'
import type { PolicyTestFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { loadOffline } from '../load-offline.ts'
import { judgedByCluster } from '../policy/by-cluster.ts'
import { judgedByGator } from '../policy/by-gator.ts'
import { readObjects } from '../policy/read-objects.ts'
import type { Verdict } from '../policy/verdict.ts'
import { withSession } from '../run/session.ts'

const WIDTH = 100

/** `llmgw policy test`: manifests under our policies, before anybody applies them. @returns exit code */
export async function policyTest(names: readonly string[], flags: PolicyTestFlags, host: Host): Promise<number> {
  const files = names.map((name) => resolve(host.cwd, name))
  const objects = await readObjects(files)
  const gator = flags.with === 'cluster' ? undefined : await gatorFor(flags, host)
  if (gator !== undefined) return await offline({ files, count: objects.length, gator }, flags, host)
  if (flags.with === 'gator')
    throw new UsageError('GatorMissing', 'there is no gator on PATH', {
      hint: 'install it (https://open-policy-agent.github.io/gatekeeper/website/docs/gator), use --sandbox, or ask the cluster: --with cluster',
    })
  return await withSession({ command: 'policy test', flags: { ...flags, deep: false }, host }, async (session) => {
    const ctx = { ...session.ctx, signal: session.stop.signal }
    const denying = (await policyStates(ctx)).filter(({ enforcement }) => enforcement === 'deny')
    const verdicts = await judgedByCluster(ctx.kube, objects, ctx.signal)
    await session.stage.close()
    const asked = denying.map(({ policy }) => policy.name).join(', ') || 'none'
    const by = `the API server of ${session.guarded.target.clusterName}, in a dry run, which tells only what is denied now; policies that deny: ${asked}`
    return told({ by, engine: 'cluster', count: objects.length, verdicts }, flags, host)
  })
}

async function gatorFor(flags: PolicyTestFlags, host: Host): Promise<string | undefined> {
  if (flags.sandbox === undefined) return await findGator(host.env)
  const { connection } = await import('../../sandbox/index.ts')
  return (await connection({ name: flags.sandbox, shell: host.env })).gator
}

interface Offline {
  readonly files: readonly string[]
  readonly count: number
  readonly gator: string
}

async function offline({ files, count, gator }: Offline, flags: PolicyTestFlags, host: Host): Promise<number> {
  const { config } = await loadOffline(flags, host)
  if (config.policies.kind !== 'gatekeeper')
    throw new UsageError('PoliciesOff', `policies.kind is ${config.policies.kind}: there is nothing to test against`, {
      hint: 'set policies.kind to gatekeeper',
    })
  const stop = new AbortController()
  const dispose = host.onStop(() => stop.abort())
  try {
    const judging = { binary: gator, env: host.env, signal: stop.signal }
    const verdicts = await judgedByGator({ config, assets: createAssets(packageRoot()) }, files, judging)
    const by = `${gator}, without a cluster: every policy of the configuration, whatever it does about violations`
    return told({ by, engine: 'gator', count, verdicts }, flags, host)
  } finally {
    dispose()
  }
}

interface Told {
  /** Who judged, and what that covers. */
  readonly by: string
  readonly engine: 'gator' | 'cluster'
  readonly count: number
  readonly verdicts: readonly Verdict[]
}

function told({ by, engine, count, verdicts }: Told, { output }: PolicyTestFlags, { stdout }: Host): number {
  const ok = verdicts.length === 0
  const lines = verdicts.map(({ policy, object, message }) =>
    indented(`${object}: ${policy}: ${message}`, WIDTH, [0, 2]),
  )
  const sum = ok
    ? `${counted(count, 'object')}: no violation`
    : `${counted(count, 'object')}: ${counted(verdicts.length, 'violation')}`
  stdout.write(
    output === 'text'
      ? `${[...lines, sum, `judged by ${by}`].join('\n')}\n`
      : `${JSON.stringify({ command: 'policy test', ok, engine, judgedBy: by, objects: count, violations: verdicts }, null, 2)}\n`,
  )
  return ok ? 0 : 1
}
