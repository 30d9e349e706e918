import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'
import type { SandboxConnection, SandboxStatus } from '../../sandbox/index.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { progressLines } from '../progress-lines.ts'

/** What every action below needs; `finish` is told the exit code. */
interface Surroundings {
  readonly host: Host
  readonly finish: (exitCode: number) => void
}

/** `llmgw sandbox up|down|status|env|logs`. Loads nothing but commander; each action imports the sandbox when it runs. */
export function addSandbox(program: CommandUnknownOpts, host: Host, finish: (exitCode: number) => void): void {
  const command = program.command('sandbox').description('Start, stop and look at the sandbox on this machine.')
  const surroundings = { host, finish }
  addUp(command, surroundings)
  addDown(command, surroundings)
  addStatus(command, surroundings)
  addEnv(command, surroundings)
  addLogs(command, surroundings)
}

const named = (parent: CommandUnknownOpts, verb: string) =>
  parent.command(verb).option('--name <name>', 'which sandbox, when there are several (also: --sandbox=NAME)')

/** Which sandbox is meant: `--name`, or `--sandbox=NAME` as the other commands take it. @throws UsageError when they differ */
function nameOf(command: CommandUnknownOpts): string {
  const { name, sandbox } = command.optsWithGlobals() as { readonly name?: string; readonly sandbox?: string }
  if (name !== undefined && sandbox !== undefined && name !== sandbox)
    throw new UsageError('SandboxTwice', `--name is "${showText(name)}", but --sandbox is "${showText(sandbox)}"`, {
      hint: 'name the sandbox once',
    })
  return name ?? sandbox ?? 'default'
}

/** `--output` belongs to the program. */
const wantsText = (command: CommandUnknownOpts): boolean =>
  ((command.optsWithGlobals() as Partial<GlobalFlags>).output ?? 'text') === 'text'

function addUp(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  named(parent, 'up')
    .description('Start the sandbox, or mend it; downloads or builds what is missing the first time.')
    .option('--bin-dir <folder>', 'folder with ready-made tools (also: LLMGW_SANDBOX_BIN_DIR)')
    .option('--tools <how>', 'missing tools: auto, download or build (also: LLMGW_SANDBOX_TOOLS)')
    .option('--mirror <url>', 'serves official releases of the tools (also: LLMGW_SANDBOX_MIRROR)')
    .option('--charts <source>', 'auto, upstream, stand-in, a directory or a URL (also: LLMGW_SANDBOX_CHARTS)')
    .option('--runtime <kind>', 'pods: auto, process or simulated (also: LLMGW_SANDBOX_RUNTIME)')
    .action(async (flags, command) => {
      const { up } = await import('../../sandbox/index.ts')
      const progress = progressLines(host.stderr)
      try {
        const connection = await untilStopped(host, (signal) =>
          up({ ...flags, name: nameOf(command), shell: host.env }, progress.line, signal),
        )
        progress.end()
        host.stdout.write(wantsText(command) ? describe(connection) : `${JSON.stringify(connection)}\n`)
      } finally {
        progress.end()
      }
      finish(0)
    })
}

function addDown(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  named(parent, 'down')
    .description('End every process of the sandbox and remove its files; built tools are kept.')
    .action(async (_flags, command) => {
      const name = nameOf(command)
      const { down } = await import('../../sandbox/index.ts')
      const progress = progressLines(host.stderr)
      const existed = await untilStopped(host, (signal) => down({ name, shell: host.env }, progress.line, signal))
      progress.end()
      const text = existed ? `sandbox ${name} is gone\n` : `there was no sandbox ${name}\n`
      host.stdout.write(wantsText(command) ? text : `${JSON.stringify({ name, existed })}\n`)
      finish(0)
    })
}

function addStatus(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  named(parent, 'status')
    .description('Look at every part; exits with 1 when one is down or there is no sandbox.')
    .action(async (_flags, command) => {
      const { status } = await import('../../sandbox/index.ts')
      const seen = await status({ name: nameOf(command), shell: host.env })
      host.stdout.write(wantsText(command) ? statusText(seen) : `${JSON.stringify(seen)}\n`)
      const well = seen.connection !== undefined && seen.parts.every(({ state }) => state !== 'down')
      finish(well ? 0 : 1)
    })
}

function addEnv(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  named(parent, 'env')
    .description('Print shell lines that point kubectl, helm and AWS tools to it: eval "$(llmgw sandbox env)"')
    .action(async (_flags, command) => {
      const { connection, env } = await import('../../sandbox/index.ts')
      host.stdout.write(env(await connection({ name: nameOf(command), shell: host.env })))
      finish(0)
    })
}

function addLogs(parent: CommandUnknownOpts, { host, finish }: Surroundings): void {
  named(parent, 'logs')
    .description('Show the last lines of the logs of all parts, of one part, or of one process.')
    .argument('[part]', 'e.g. control-plane, kube-apiserver, aws, operators')
    .option('-f, --follow', 'go on until Ctrl-C', false)
    .action(async (part, { follow }, command) => {
      const name = nameOf(command)
      const { logs } = await import('../../sandbox/index.ts')
      await untilStopped(host, (signal) =>
        logs(
          { name, part, follow, shell: host.env },
          (source, line) => host.stdout.write(`${source}: ${line}\n`),
          signal,
        ),
      )
      finish(0)
    })
}

/** Runs the action with a signal that the first Ctrl-C or SIGTERM aborts; the second ends the program at once. */
async function untilStopped<T>(host: Host, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const unlisten = host.onStop(() => {
    if (controller.signal.aborted) host.exit(130)
    controller.abort()
  })
  try {
    return await action(controller.signal)
  } finally {
    unlisten()
  }
}

const CHARTS: Readonly<Record<SandboxConnection['charts']['kind'], string>> = {
  upstream: 'from their own repositories',
  'stand-in': 'stand-in charts of ours: no evidence that values fit the real ones',
  mirror: 'from the mirror that you named',
}

function describe({ name, kubeconfig, aws, charts, serviceRange, pods }: SandboxConnection): string {
  const flag = name === 'default' ? '' : ` --name ${name}`
  const sandbox = name === 'default' ? '--sandbox' : `--sandbox=${name}`
  return [
    `sandbox ${name} is up`,
    `  Kubernetes  kubeconfig ${kubeconfig}, Services in ${serviceRange}`,
    `  pods        ${podsText(pods)}`,
    `  AWS         ${aws.endpoint}, account ${aws.accountId}, ${aws.region}; emulated by moto, IAM enforced`,
    `  charts      ${CHARTS[charts.kind]}`,
    `next: llmgw ${sandbox} deploy all`,
    `      eval "$(llmgw sandbox env${flag})" && kubectl get nodes`,
    '',
  ].join('\n')
}

function podsText({ kind, real }: SandboxConnection['pods']): string {
  if (kind === 'simulated') return 'simulated by kwok'
  return `real processes for ${real.join(', ')}, one a workload; all others simulated by kwok`
}

/** `tools: etcd 3.6.6 (downloaded), helm 4.3.1 (built)`; nothing for a sandbox of a version that did not note it. */
function toolsText(tools: SandboxStatus['tools']): string {
  const known = tools.flatMap(({ name, version, origin }) => (origin ? [`${name} ${version} (${origin})`] : []))
  return known.length === 0 ? '' : `tools: ${known.join(', ')}\n`
}

function statusText({ name, connection, parts, tools }: SandboxStatus): string {
  const flag = name === 'default' ? '' : ` --name ${name}`
  if (connection === undefined) return `there is no sandbox ${name}\nnext: llmgw sandbox up${flag}\n`
  const width = Math.max(...parts.map((part) => part.name.length))
  const rows = parts.map((part) => `${part.name.padEnd(width)}  ${part.state.padEnd(7)}  ${part.detail}\n`)
  const down = parts.some(({ state }) => state === 'down')
  return `${rows.join('')}${toolsText(tools)}charts: ${CHARTS[connection.charts.kind]}\n${down ? `next: llmgw sandbox up${flag}\n` : ''}`
}
