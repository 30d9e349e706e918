import { cpus } from 'node:os'
import { UsageError } from '../../errors.ts'
import { prepareAws } from '../aws/index.ts'
import { childEnvironment, type ShellEnvironment } from '../environment.ts'
import { buildOperator, operatorHome } from '../operators/build.ts'
import { OPERATORS } from '../operators/catalog.ts'
import type { OperatorTool } from '../operators/definition.ts'
import { readModulePin } from '../operators/module-pin.ts'
import type { Settings, ToolSource } from '../settings.ts'
import type { Place } from '../world.ts'
import { buildEstimate } from './estimate.ts'
import { thisMachine } from './machine.ts'
import type { Buildable } from './pins.ts'
import { preflight } from './preflight.ts'
import { findTools, type Making, makeTools, planMaking, type ResolveContext, type Tool } from './resolve.ts'
import { isExecutable } from './version.ts'

interface ToolWishes {
  readonly shell: ShellEnvironment
  readonly binDir?: string | undefined
  readonly tools?: string | undefined
  readonly mirror?: string | undefined
}

interface Obtaining {
  readonly options: ToolWishes
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Every program that a sandbox needs: found, downloaded or built, in this order.
 * @throws PreflightError when the machine lacks something, all of it at once and before anything is made
 */
export async function obtainTools(
  place: Place,
  obtaining: Obtaining,
): Promise<Required<Pick<Settings, 'tools' | 'origins'>>> {
  const context = contextOf(place, obtaining)
  const { cacheDir, environment, report, signal } = context
  const search = await findTools(context)
  const plan = await planMaking(search.missing, context)
  const build = [...plan.build, ...(await unbuiltOperators(cacheDir))]
  const check = async (wanted: readonly Buildable[]) => {
    await preflight({ stateDir: place.dir, cacheDir, build: wanted, environment })
    if (wanted.length > 0) report(`to build: ${wanted.join(', ')}; ${buildEstimate(wanted, cpus().length)}`)
  }
  await check(build)
  const python = await prepareAws(cacheDir, report, signal)
  const tools = new Map<string, Tool>([...search.found, ...(await makeTools(plan, context, check))])
  const operators: Record<string, string> = {}
  for (const { tool } of OPERATORS) operators[tool] = (await buildOperator(tool, context)).binary
  const origins = {
    ...Object.fromEntries([...tools].map(([name, { version, origin }]) => [name, { version, origin }])),
    python: { version: (await thisMachine().python(environment))?.version ?? 'unknown', origin: 'PATH' },
    ...Object.fromEntries(
      OPERATORS.map(({ tool }) => [tool, { version: readModulePin(tool).version, origin: 'built' }]),
    ),
  }
  report(summary(origins))
  const paths = Object.fromEntries([...tools].map(([name, { path }]) => [name, path]))
  return { tools: { ...paths, python, ...operators }, origins }
}

async function unbuiltOperators(cacheDir: string): Promise<readonly OperatorTool[]> {
  const all = await Promise.all(
    OPERATORS.map(async ({ tool }) =>
      (await isExecutable((await operatorHome(cacheDir, tool)).binary)) ? [] : [tool],
    ),
  )
  return all.flat()
}

function contextOf(place: Place, { options, report, signal }: Obtaining): ResolveContext {
  const { shell } = options
  return {
    cacheDir: place.cacheDir,
    environment: childEnvironment(shell),
    report,
    signal,
    binDir: options.binDir ?? (shell.LLMGW_SANDBOX_BIN_DIR || undefined),
    kubebuilderAssets: shell.KUBEBUILDER_ASSETS || undefined,
    making: readMaking(options.tools ?? (shell.LLMGW_SANDBOX_TOOLS || 'auto')),
    mirror: readMirror(options.mirror ?? (shell.LLMGW_SANDBOX_MIRROR || undefined)),
  }
}

function readMaking(word: string): Making {
  if (word === 'auto' || word === 'download' || word === 'build') return word
  throw new UsageError('UnknownToolSource', `tools of the sandbox: ${JSON.stringify(word)} is no way to make them`, {
    hint: 'use auto, download or build',
  })
}

function readMirror(address: string | undefined): string | undefined {
  if (address === undefined || (/^https?:\/\//.test(address) && URL.canParse(address))) return address
  throw new UsageError('UnknownToolMirror', `mirror of the sandbox's tools: ${JSON.stringify(address)} is no address`, {
    hint: 'use an http:// or https:// URL',
  })
}

/** `tools: etcd 3.6.6, helm 4.3.1 (downloaded); kubectl 1.32.4 (PATH)` */
function summary(origins: Readonly<Record<string, ToolSource>>): string {
  const byOrigin = new Map<string, string[]>()
  for (const [name, { version, origin }] of Object.entries(origins)) {
    byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), `${name} ${version}`])
  }
  return `tools: ${[...byOrigin].map(([origin, names]) => `${names.join(', ')} (${origin})`).join('; ')}`
}
