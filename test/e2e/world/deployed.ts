import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { stringify } from 'yaml'
import { down, type SandboxConnection, up } from '../../../src/sandbox/index.ts'
import { sandboxShell } from '../../sandbox-under-test.ts'
import { type Ended, llmgw, useHome, userEnvironment } from './llmgw.ts'
import { type Witness, witness } from './snapshot.ts'
import { SPINE } from './spine.ts'

export interface DeployedSandbox {
  readonly connection: SandboxConnection
  readonly at: Witness
  /** Environment of a user in CI: `INTERACTIVE_MODE=false` is not in it. */
  readonly env: Record<string, string | undefined>
  /** What every command line of it ends with: which sandbox, and its configuration. */
  readonly flags: readonly string[]
  /** What its configuration has over that of the spine. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Runs `llmgw …` with these flags, words split at blanks. */
  run(words: string, more?: Readonly<Record<string, string>>): Promise<Ended>
}

const silent = (): void => undefined
const never = new AbortController().signal

interface Demand {
  /** It is in the sandbox before the first test. */
  readonly deploy: boolean
  /** What `all` means: the spine unless told. */
  readonly platform?: 'spine' | 'whole'
  /** `process`: real programs behind pods. */
  readonly runtime?: 'process'
  /** Configuration over that of the spine. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** A sandbox of its own for a file. */
export function useDeployedSandbox(
  name: string,
  { deploy, platform = 'spine', runtime, settings = {} }: Demand,
): DeployedSandbox {
  const home = useHome()
  let ready: Omit<DeployedSandbox, 'run' | 'settings'> | undefined
  const world = () => {
    if (!ready) throw new Error('the sandbox is only there inside tests and hooks')
    return ready
  }
  const run: DeployedSandbox['run'] = (words, more = {}) =>
    llmgw([...words.split(' '), ...world().flags], { env: { ...world().env, ...more } })
  beforeAll(async () => {
    const connection = await up({ name, runtime, shell: sandboxShell() }, silent, never)
    const env = userEnvironment(sandboxShell(), await home())
    const flags = [
      `--sandbox=${name}`,
      ...(platform === 'spine' ? ['--config', await spineFile(connection.dir, settings)] : []),
    ]
    ready = { connection, at: await witness(connection), env, flags }
    if (!deploy) return
    const ended = await run('deploy all', { INTERACTIVE_MODE: 'false' })
    if (ended.code !== 0) throw new Error(`deploy all ended with ${ended.code}:\n${ended.output}`)
  })
  afterAll(async () => {
    await down({ name, shell: sandboxShell() }, silent, never)
  })
  return {
    get connection() {
      return world().connection
    },
    get at() {
      return world().at
    },
    get env() {
      return world().env
    },
    get flags() {
      return world().flags
    },
    settings,
    run,
  }
}

async function spineFile(dir: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  const file = join(dir, 'llmgw.yaml')
  await writeFile(file, stringify({ apiVersion: 'llmgw/v1', ...SPINE, ...settings }))
  return file
}
