import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Ended, llmgw } from '../e2e/world/llmgw.ts'
import { SPINE } from '../e2e/world/spine.ts'
import type { Stage, Way, World } from './world.ts'

/** What the run that met a world said. */
export interface Told {
  readonly ended: Ended
  readonly code: string
  readonly message: string
  readonly hint: string
  /** From when the fault could be seen to when its cause was named. */
  readonly afterMs: number
}

interface Cause {
  readonly code: string
  readonly message: string
  readonly hint?: string
}

/** One line of the event stream, as far as a cause may be in it. */
interface Line {
  readonly type: string
  readonly at: number
  readonly step?: string
  readonly outcome?: string
  readonly cause?: Cause | string
  readonly causes?: readonly Cause[]
  readonly code?: string
  readonly message?: string
  readonly hint?: string
}

const isRun = (world: World): boolean => world.command?.startsWith('deploy') === true

/** Runs the command of a world that is made. */
export async function meet(stage: Stage, world: World): Promise<Told> {
  const way = await wayTo(stage, world)
  try {
    return isRun(world) ? await byRun(stage, world, way) : await byQuestion(world, way)
  } finally {
    await way.close()
  }
}

interface Road extends Way {
  run(words: string, started?: (child: ChildProcess) => void): Promise<Ended>
}

async function wayTo(stage: Stage, world: World): Promise<Road> {
  if (world.through) {
    const way = await world.through(stage)
    return {
      ...way,
      run: (words, started = () => undefined) =>
        llmgw([...words.split(' '), '--config', way.config], { env: { ...stage.env, ...way.env }, started }),
    }
  }
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-world-'))
  const config = join(folder, 'llmgw.yaml')
  await writeFile(config, stringify({ apiVersion: 'llmgw/v1', ...SPINE, ...stage.settings, ...world.settings }))
  const [sandbox = ''] = stage.flags
  return {
    config,
    env: {},
    run: (words, started = () => undefined) =>
      llmgw([...words.split(' '), sandbox, '--config', config], { env: stage.env, started }),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** `diagnose`: the fault is there already. What takes its time is named on standard error before the end. */
async function byQuestion({ command = 'diagnose', root: named, early = named }: World, way: Road): Promise<Told> {
  const from = Date.now()
  let heard = ''
  let namedAt: number | undefined
  const ended = await way.run(`${command} --output json`, ({ stderr }) => {
    stderr?.on('data', (text: Buffer) => {
      heard += text
      if (early.test(heard)) namedAt ??= Date.now()
    })
  })
  const afterMs = (namedAt ?? Date.now()) - from
  // What ends the command before it has looked is told in the place of a root.
  const { root, error } = JSON.parse(ended.stdout || '{}') as { root?: Cause | null; error?: Cause }
  return { ended, afterMs, ...withHint(root ?? error ?? NOTHING) }
}

const NOTHING: Cause = { code: '', message: '' }

const withHint = ({ code, message, hint = '' }: Cause) => ({ code, message, hint })

const linesOf = (stdout: string): readonly Line[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)

/** A deploy: the fault shows while it runs, and its stream tells when the cause was named first. */
async function byRun(stage: Stage, world: World, way: Road): Promise<Told> {
  const looking = new AbortController()
  const seenAt = firstSeen(stage, world, looking.signal)
  const ended = await way.run(`${world.command} --yes --output ndjson`)
  looking.abort()
  const lines = linesOf(ended.stdout)
  const { early = world.root } = world
  const named = lines.find((line) => early.test(JSON.stringify(line).replaceAll('\\"', '"')))
  const from = (await seenAt) ?? lines.findLast(({ type }) => type === 'step-started')?.at ?? lines[0]?.at ?? 0
  return { ended, ...withHint(rootOf(lines)), afterMs: named === undefined ? Number.NaN : Math.max(0, named.at - from) }
}

async function firstSeen(stage: Stage, { seen }: World, signal: AbortSignal): Promise<number | undefined> {
  if (!seen) return undefined
  while (!signal.aborted) {
    if (await seen(stage)) return Date.now()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return undefined
}

/** What the end of the stream says: the root of the diagnosis, what the failed step said, or what ended the run. */
function rootOf(lines: readonly Line[]): Cause {
  const diagnosed = lines.findLast(({ type }) => type === 'step-diagnosed')?.causes?.at(-1)
  if (diagnosed) return diagnosed
  const failed = lines.find(({ type, outcome }) => type === 'step-finished' && outcome === 'failed')?.cause
  if (typeof failed === 'object') return failed
  const { code = '', message = '', hint = '' } = lines.find(({ type }) => type === 'error') ?? {}
  return { code, message, hint }
}
