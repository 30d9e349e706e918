import { afterAll, beforeAll } from 'vitest'
import { down, type SandboxConnection, up } from '../../../src/sandbox/index.ts'
import { sandboxShell } from '../../sandbox-under-test.ts'
import { type Ended, llmgw, useHome, userEnvironment } from './llmgw.ts'
import { type Witness, witness } from './snapshot.ts'

export interface DeployedSandbox {
  readonly connection: SandboxConnection
  readonly at: Witness
  /** Environment of a user in CI: `INTERACTIVE_MODE=false` is not in it. */
  readonly env: Record<string, string | undefined>
  /** Runs `llmgw … --sandbox=<this one>`, words split at blanks. */
  run(words: string, more?: Readonly<Record<string, string>>): Promise<Ended>
}

const silent = (): void => undefined
const never = new AbortController().signal

/** A sandbox of its own for a file; with `deploy`, the whole platform is in it before the first test. */
export function useDeployedSandbox(name: string, options: { readonly deploy: boolean }): DeployedSandbox {
  const home = useHome()
  let ready: Omit<DeployedSandbox, 'run'> | undefined
  const world = () => {
    if (!ready) throw new Error('the sandbox is only there inside tests and hooks')
    return ready
  }
  const run: DeployedSandbox['run'] = (words, more = {}) =>
    llmgw([...words.split(' '), `--sandbox=${name}`], { env: { ...world().env, ...more } })
  beforeAll(async () => {
    const connection = await up({ name, shell: sandboxShell() }, silent, never)
    ready = { connection, at: await witness(connection), env: userEnvironment(sandboxShell(), await home()) }
    if (!options.deploy) return
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
    run,
  }
}
