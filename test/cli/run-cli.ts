import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { breakLock, findLock } from '../../src/adapters/lock/inspect-lock.ts'
import type { Host } from '../../src/cli/host.ts'
import { main } from '../../src/cli/main.ts'
import { createProvidedValues } from '../../src/cli/provided-values.ts'
import type { World, WorldRequest } from '../../src/cli/world.ts'
import { loadConfig } from '../../src/config/load.ts'
import { steps } from '../../steps/index.ts'
import { checks } from '../../steps/verify/index.ts'
import type { FakeWorld } from '../fakes/fake-world.ts'

export const FILE = `apiVersion: llmgw/v1
aws: { region: us-east-1, accountId: "123456789012" }
cluster: { name: test }
`

export interface CliOptions {
  readonly world?: FakeWorld
  readonly env?: Readonly<Record<string, string>>
  /** Text of llmgw.yaml; `undefined` as value of the key = no file. */
  readonly file?: string | undefined
  /** A terminal; keys are pressed one after the other, each when its text has appeared. */
  readonly keys?: readonly (readonly [after: string, key: string])[]
  /** Parts of the world that are other than the fakes'. */
  readonly seams?: Partial<World>
  readonly onStop?: Host['onStop']
  /** Told how the world was asked for. */
  readonly onOpen?: (request: WorldRequest) => void
  /** Told whenever something was written to the output. */
  readonly onOutput?: () => void
}

export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program in process against a world in memory. */
export async function runCli(args: string, options: CliOptions = {}): Promise<CliResult> {
  const cwd = await mkdtemp(join(tmpdir(), 'llmgw-cli-'))
  const file = 'file' in options ? options.file : FILE
  if (file !== undefined) await writeFile(join(cwd, 'llmgw.yaml'), file)
  const terminal = options.keys !== undefined
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal, setRawMode: () => undefined })
  const stdout = capture(terminal)
  const stderr = capture(false)
  press(options.keys ?? [], stdin, stdout)
  if (options.onOutput) stdout.stream.on('data', options.onOutput)
  try {
    const code = await main(args.split(' ').filter(Boolean), {
      env: { NO_COLOR: '1', ...options.env },
      cwd,
      stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
      onStop: options.onStop ?? (() => () => undefined),
      exit: () => undefined,
      openAccount: async () => {
        if (options.world === undefined) throw new Error('this test has no world, so its command must not ask one')
        return { sts: options.world.sts, eks: options.world.eks }
      },
      openWorld: async (request) => {
        options.onOpen?.(request)
        const { flags, host } = request
        return await openFakeWorld(options, { cwd, env: host.env, file: flags.config })
      },
    })
    return { code, stdout: stdout.text().replaceAll(cwd, 'CWD'), stderr: stderr.text().replaceAll(cwd, 'CWD') }
  } finally {
    await rm(cwd, { recursive: true })
  }
}

async function openFakeWorld({ world, seams }: CliOptions, request: Parameters<typeof loadConfig>[0]): Promise<World> {
  const loaded = await loadConfig(request)
  if (world === undefined) throw new Error('this test has no world, so its command must not open one')
  const { provided } = world
  return {
    loaded,
    aws: { iam: world.iam, secretsManager: world.secretsManager, eks: world.eks, sts: world.sts },
    credentialsEnd: async () => undefined,
    helmTool: async () => ({ path: '/usr/bin/helm', version: '4.1.0' }),
    connect: async () => ({ kube: world.kube, readiness: world.readiness, helm: world.helm, streams: noStreams }),
    lock: async () => ({
      assertHeld: () => undefined,
      lost: new AbortController().signal,
      release: async () => undefined,
    }),
    findLock,
    breakLock,
    assets: world.assets,
    clock: world.clock,
    random: world.random,
    provided: createProvidedValues(request.env, (name) => provided.find(name)),
    steps,
    checks,
    startedProcesses: () => world.helm.calls.filter(({ method }) => /upgrade|uninstall|diff/.test(method)).length,
    close: async () => undefined,
    ...seams,
  }
}

/** Nothing can be reached in a world in memory. */
export const noStreams = async () => ({ open: () => Promise.reject(new Error('these pods have no ports')) })

interface Captured {
  readonly stream: PassThrough & { isTTY: boolean; columns: number }
  text(): string
}

function capture(isTTY: boolean): Captured {
  const chunks: string[] = []
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 })
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString('utf8')))
  return { stream, text: () => chunks.join('') }
}

/** Each key waits for its own text, which must be new; an empty key only waits. */
function press(keys: NonNullable<CliOptions['keys']>, stdin: PassThrough, output: Captured): void {
  const open = [...keys]
  let seen = 0
  output.stream.on('data', () => {
    for (let next = open[0]; next !== undefined; next = open[0]) {
      const [after, key] = next
      const at = output.text().indexOf(after, seen)
      if (at < 0) return
      seen = at + after.length
      open.shift()
      if (key === '') continue
      setImmediate(() => stdin.write(key))
      return
    }
  })
}
