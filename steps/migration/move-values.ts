import type { Change } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { isPending } from '../secrets/examine.ts'
import { type FirstValue, fillSecrets } from '../secrets/fill.ts'
import { secretTarget } from '../secrets/logical-secret.ts'
import { refusal } from '../secrets/other-layout.ts'
import { conflict, lookAtPairs, obstacle, type Pair } from './pairs.ts'

/** What AWS takes as the id of a version. Source: Secrets Manager API reference, CreateSecret, ClientRequestToken. */
const VERSION_ID = /^[\w-]{32,64}$/

/**
 * Copies the values of the other layout into that of the configuration, and reads each back. A value that is there is never
 * changed, and one that differs stops it. Versions keep their ids, so that no pod is taken for one with an older value.
 */
export const moveValues: LlmgwStep = {
  id: 'move-values',
  title: 'Copy the values into the new layout',
  component: 'secrets',
  needs: [],

  async check(ctx) {
    const pairs = await lookAtPairs(ctx)
    const cause = obstacle(pairs)
    if (cause) return { state: 'broken', cause, changes: [] }
    const changes = pairs.flatMap(changeOf)
    return changes.length > 0 ? { state: 'missing', changes } : { state: 'current', out: undefined }
  },

  async apply(ctx) {
    const seen = await unhindered(ctx)
    const pending = seen.filter((pair) => pair.state === 'open' && isPending(pair.after))
    for (const { after } of pending) await ctx.secretsManager.restore(after.remote, ctx.signal)
    const pairs = pending.length === 0 ? seen : await unhindered(ctx)
    await fillSecrets(ctx, pairs.flatMap(valueIn))
    const proof = await lookAtPairs(ctx)
    const cause = conflict(proof)
    if (cause) throw refusal(cause)
    const open = proof.filter(({ state }) => state === 'open')
    if (open.length > 0) throw new Error(`not read back: ${open.map(({ name }) => name).join(', ')}`)
  },
}

async function unhindered(ctx: StepContext): Promise<readonly Pair[]> {
  const pairs = await lookAtPairs(ctx)
  const cause = obstacle(pairs)
  if (cause) throw refusal(cause)
  return pairs
}

function changeOf({ state, before, after }: Pair): readonly Change[] {
  if (state !== 'open') return []
  const target = secretTarget(after.remote)
  if (isPending(after)) return [{ action: 'update', target, detail: 'cancel its deletion, and compare' }]
  return [{ action: 'create', target, detail: `value of ${before.remote}` }]
}

function valueIn({ state, after, value }: Pair): readonly FirstValue[] {
  if (state !== 'open' || value === undefined) return []
  const versionId = VERSION_ID.test(value.versionId) ? { versionId: value.versionId } : {}
  return [{ secret: after, value: value.value, ...versionId }]
}
