import { LlmgwError, UsageError } from '../../errors.ts'
import type { ShellEnvironment } from '../environment.ts'
import { childEnvironment } from '../environment.ts'
import { freePort } from '../ports.ts'
import type { Runtime, Settings } from '../settings.ts'
import { type Machine, thisMachine } from '../tools/machine.ts'
import type { Place } from '../world.ts'
import { isPrepared, preparePrograms } from './prepare.ts'

type Choice = 'auto' | 'process' | 'simulated'

interface Wishes {
  readonly runtime?: string | undefined
  readonly shell: ShellEnvironment
}

/**
 * What the user wants of the pods.
 * @throws UsageError for an unknown word, and for another choice than the one the sandbox was made with
 */
export function chosenRuntime({ runtime, shell }: Wishes, known: Settings | undefined): Choice {
  const word = runtime ?? (shell.LLMGW_SANDBOX_RUNTIME || 'auto')
  if (word !== 'auto' && word !== 'process' && word !== 'simulated') {
    throw new UsageError('UnknownRuntime', `runtime of the sandbox: ${JSON.stringify(word)} is none`, {
      hint: 'use auto, process or simulated',
    })
  }
  const has = known && (known.runtime?.kind ?? 'simulated')
  // A flag that is not obeyed must be said; the environment is only a default for new sandboxes.
  if (has !== undefined && runtime !== undefined && word !== 'auto' && word !== has) {
    const flag = known?.name === 'default' ? '' : ` --name ${known?.name}`
    throw new UsageError('RuntimeFixed', `sandbox ${known?.name} was made with --runtime ${has}`, {
      hint: `llmgw sandbox down${flag} && llmgw sandbox up${flag} --runtime ${word}`,
    })
  }
  return word
}

interface Resolving {
  readonly place: Place
  readonly options: Wishes
  readonly tools: Readonly<Record<string, string>>
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}

const GIB = 1024 ** 3
/** The control plane and moto take about 1.2 GiB; LiteLLM, twice during a rollout, and the rest about 1 GiB more. */
const MEMORY_BYTES = 2.5 * GIB
const DISK_BYTES = 1.5 * GIB

/** The runtime of a new sandbox; `auto` goes on with simulated pods where real ones cannot be had, and says why. @throws PreflightError when `process` was asked for in vain */
export async function resolveRuntime(choice: Choice, resolving: Resolving): Promise<Runtime> {
  if (choice === 'simulated') return { kind: 'simulated' }
  const { place, options, tools, report, signal } = resolving
  const { cacheDir } = place
  try {
    const lack = await shortage(cacheDir, signal)
    if (lack !== undefined && choice === 'auto') {
      report(`pods are simulated: ${lack}`)
      return { kind: 'simulated' }
    }
    if (!(await isPrepared(cacheDir, signal))) {
      report('LiteLLM: to be installed from pinned packages; about 120 MB to download, 1 to 3 minutes, once')
    }
    const environment = childEnvironment(options.shell)
    const programs = await preparePrograms({ cacheDir, python: tools.python ?? 'python3', environment, report, signal })
    report(
      `real behind their pods: ${Object.values(programs)
        .map(({ title }) => title)
        .join(', ')}`,
    )
    return { kind: 'process', programs, upstreamPort: await freePort() }
  } catch (error) {
    if (choice === 'process' || !(error instanceof LlmgwError)) throw error
    const { cause } = error
    report(`pods are simulated: ${error.message}${cause === undefined ? '' : ` (${String(cause)})`}`)
    return { kind: 'simulated' }
  }
}

async function shortage(
  cacheDir: string,
  signal: AbortSignal,
  machine: Pick<Machine, 'availableBytes' | 'freeDisk'> = thisMachine(),
): Promise<string | undefined> {
  if (machine.availableBytes < MEMORY_BYTES) {
    return `real ones need 2.5 GiB of free memory, found ${(machine.availableBytes / GIB).toFixed(1)} GiB`
  }
  if (await isPrepared(cacheDir, signal)) return undefined
  const free = await machine.freeDisk(cacheDir)
  return free < DISK_BYTES
    ? `real ones need 1.5 GiB of disk below ${cacheDir}, found ${(free / GIB).toFixed(1)} GiB`
    : undefined
}
