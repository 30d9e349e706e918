import type { Repair } from '../../../steps/doctor/index.ts'
import { UsageError } from '../../errors.ts'
import { confirmRepairs } from '../../ui/prompts.ts'
import type { DoctorFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { hasTerminal } from '../run/mode.ts'
import type { World } from '../world.ts'
import type { Examined } from './examine.ts'

interface Place {
  readonly world: World
  readonly flags: DoctorFlags
  readonly host: Host
  readonly signal: AbortSignal
}

/**
 * Says what will be mended, asks, and does it under the lock. @returns what was done
 * @throws UsageError NoTerminal where nobody can be asked, AbortedError when declined
 */
export async function mend(place: Place, { repairs, services }: Examined): Promise<readonly string[]> {
  const { world, flags, host, signal } = place
  const tell = (line: string) => void host.stderr.write(`${line}\n`)
  if (repairs.length === 0 || services === undefined) {
    tell('there is nothing that can be mended safely; what is bad says what to do')
    return []
  }
  for (const { words } of repairs) tell(`to mend: ${words}`)
  await agree(repairs, { flags, host, signal })
  const lock = await world.lock(services.kube, {
    deployment: services.config.deployment,
    command: 'llmgw doctor --fix',
    signal,
    report: tell,
  })
  try {
    for (const { words, run } of repairs) {
      await lock.assertHeld()
      await run()
      tell(`mended: ${words}`)
    }
  } finally {
    await lock.release()
  }
  return repairs.map(({ words }) => words)
}

async function agree(repairs: readonly Repair[], { flags, host, signal }: Omit<Place, 'world'>): Promise<void> {
  if (flags.yes) return
  if (!hasTerminal(flags, host))
    throw new UsageError('NoTerminal', 'nobody can be asked here whether to mend this; nothing was changed', {
      hint: 'llmgw doctor --fix --yes',
    })
  await confirmRepairs(repairs.length, { input: host.stdin, output: host.stdout, signal })
}
