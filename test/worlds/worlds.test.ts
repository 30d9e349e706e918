import { describe, expect, test } from 'vitest'
import { useDeployedSandbox } from '../e2e/world/deployed.ts'
import { REMOTE_SECRETS, ROLES } from '../e2e/world/platform.ts'
import { snapshot } from '../e2e/world/snapshot.ts'
import { admissionWorlds } from './cases/admission.ts'
import { surroundingWorlds } from './cases/around.ts'
import { containerWorlds } from './cases/containers.ts'
import { ownershipWorlds } from './cases/ownership.ts'
import { releaseWorlds } from './cases/releases.ts'
import { schedulingWorlds } from './cases/scheduling.ts'
import { syncWorlds } from './cases/secret-sync.ts'
import { meet } from './meet.ts'
import { pageOf, type Row, report, rowOf } from './table.ts'
import type { World } from './world.ts'

const stage = useDeployedSandbox('worlds', {
  deploy: true,
  settings: { policies: { kind: 'gatekeeper', auditInterval: '30s' } },
})

const WORLDS: readonly World[] = [
  ...containerWorlds,
  ...schedulingWorlds,
  ...admissionWorlds,
  ...syncWorlds,
  ...releaseWorlds,
  ...ownershipWorlds,
  ...surroundingWorlds,
]

/** A wait ends by its own deadline after minutes (timeouts.step): what is named by then is not named because of that. */
const BY_FAR_MS = 90_000

const rows: Row[] = []
let troubled = false
const sight = () => snapshot(stage.at, { roles: ROLES, secrets: REMOTE_SECRETS })

/** Names of what differs between two sights. */
function changedBetween(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => before[name] !== after[name])
}

/** The world while it is broken: what is said of it, and what was changed by who said so. */
async function broken({ make, undo, blind = false, ...world }: World) {
  const sighted = blind ? await sight() : undefined
  try {
    await make(stage)
    const before = sighted ?? (await sight())
    const told = await meet(stage, { make, ...world })
    if (blind) await undo?.(stage)
    return { told, changed: changedBetween(before, await sight()) }
  } catch (error) {
    if (blind) await undo?.(stage)
    throw error
  }
}

describe.sequential('in a world in which', () => {
  test.each(WORLDS)('$name', async (world) => {
    const { undo, exit, code, root, hint = /\S/, touches = /^$/, mend = '', after } = world
    // An earlier world that failed may be broken still: this one is not to fail for it.
    if (troubled) expect(await stage.run('deploy all --yes --deep')).toMatchObject({ code: 0 })
    troubled = true
    const met = await broken(world).catch((error: unknown) => ({ error }))
    if (!world.blind) await undo?.(stage)
    const mended = await stage.run(`deploy all --yes ${mend}`.trim())
    if ('error' in met) throw met.error
    const { told, changed } = met
    const row = rowOf(world, told)
    rows.push(row)
    await report(row, told.afterMs, mended.code === 0)
    const all = `${told.ended.output}\n\nmended by:\n${mended.output}`
    expect({ code: told.code, message: told.message, hint: told.hint, exit: told.ended.code }, all).toEqual({
      code,
      message: expect.stringMatching(root),
      hint: expect.stringMatching(hint),
      exit,
    })
    expect(told.afterMs, all).toBeLessThan(BY_FAR_MS)
    expect(
      changed.filter((name) => !touches.test(name)),
      all,
    ).toEqual([])
    expect(mended.code, all).toBe(0)
    await after?.(stage)
    troubled = false
  })

  test('the page of the documentation says what was said', async () => {
    expect(rows.length).toBe(WORLDS.length)
    await expect(pageOf(rows)).toMatchFileSnapshot('../../docs/worlds.md')
  })
})
