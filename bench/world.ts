import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { down, type SandboxConnection, up } from '../src/sandbox/index.ts'
import { WHOLE } from '../test/e2e/world/platform.ts'
import type { Hooks } from '../test/e2e/world/recording-proxy.ts'
import { type Witness, witness } from '../test/e2e/world/snapshot.ts'
import { type Proxied, throughProxies } from '../test/e2e/world/through-proxies.ts'

/** How long each contender waits for one thing. Helm's default is 300 s: whoever waits for it to pass would take that long. */
export const TIMEOUT_S = 60

export interface BenchWorld {
  readonly connection: SandboxConnection
  readonly at: Witness
  /** Environment of every contender: a HOME without anything in it, the sandbox's tools. */
  readonly env: Readonly<Record<string, string>>
  /** Folder for what is recorded and measured. */
  readonly dir: string
  close(): Promise<void>
}

const silent = (): void => undefined
const never = new AbortController().signal

/** A new sandbox below `dir`, whose pods take a while to become ready. */
export async function openWorld(dir: string, report: (line: string) => void): Promise<BenchWorld> {
  const shell = { LLMGW_SANDBOX_TOOLS: 'build', ...process.env, XDG_STATE_HOME: join(dir, 'state') }
  const own = { name: 'bench', shell, runtime: 'simulated', charts: 'stand-in' }
  const stages = fileURLToPath(new URL('stages', import.meta.url))
  const connection = await up({ ...own, stages }, report, never)
  const { aws } = connection
  return {
    connection,
    at: await witness(connection),
    dir,
    env: {
      HOME: dir,
      LANG: 'C.UTF-8',
      AWS_ACCESS_KEY_ID: aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
      AWS_REGION: aws.region,
      // The second generation of the AWS CLI reads the first one, the first only this.
      AWS_DEFAULT_REGION: aws.region,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    close: async () => {
      await down(own, silent, never)
    },
  }
}

/** What a run sees of the world: both APIs, `latencyMs` further away than they are. */
export async function approach(
  world: BenchWorld,
  { latencyMs, settings, hooks = {} }: { latencyMs: number; settings?: object; hooks?: { kube?: Hooks; aws?: Hooks } },
): Promise<Proxied> {
  const slowly = (more: Hooks = {}): Hooks => ({
    ...more,
    before: async (seen) => {
      if (latencyMs > 0) await delay(latencyMs)
      await more.before?.(seen)
    },
  })
  return await throughProxies(
    world.connection,
    { kube: slowly(hooks.kube), aws: slowly(hooks.aws) },
    { ...WHOLE, ...settings },
  )
}

/** Path of the kubeconfig that a proxied configuration names. */
export async function kubeconfigOf({ config }: Proxied): Promise<string> {
  const { cluster } = parse(await readFile(config, 'utf8')) as { cluster: { connection: { path: string } } }
  return cluster.connection.path
}

/** The values that only a user knows, for llmgw. */
export async function secretsFile(world: BenchWorld): Promise<string> {
  const file = join(world.dir, 'provided.env')
  const lines = [
    'oidc-client-id=bench',
    'oidc-client-secret=bench-secret',
    'oidc-provider-url=https://login.invalid/.well-known/openid-configuration',
  ]
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  return file
}
