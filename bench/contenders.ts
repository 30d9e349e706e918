import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Proxied } from '../test/e2e/world/through-proxies.ts'
import { goTool } from '../test/go-tool.ts'
import type { Command } from './measure.ts'
import { type BenchWorld, kubeconfigOf, secretsFile, TIMEOUT_S } from './world.ts'

/** A way to deploy the platform. */
export interface Contender {
  readonly id: 'sequence' | 'parallel' | 'helmfile' | 'llmgw'
  readonly title: string
  command(run: Run): Promise<Command>
}

interface Run {
  readonly world: BenchWorld
  readonly proxied: Proxied
  /** What others than llmgw apply. */
  readonly recorded: string
  /** PATH of the counted tools. */
  readonly path: string
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

async function environment({ world, proxied, recorded, path }: Run): Promise<Record<string, string>> {
  return {
    ...world.env,
    PATH: `${path}:/usr/local/bin:/usr/bin:/bin`,
    KUBECONFIG: await kubeconfigOf(proxied),
    AWS_ENDPOINT_URL: proxied.aws.url,
    ACCOUNT: world.connection.aws.accountId,
    CLUSTER: world.connection.aws.clusterName,
    CHARTS: join(world.connection.dir, 'charts'),
    RECORDED: recorded,
    TIMEOUT: `${TIMEOUT_S}s`,
  }
}

const script = (order: 'sequence' | 'parallel') => async (run: Run) => ({
  argv: ['bash', here('contenders/deploy.sh')],
  env: { ...(await environment(run)), ORDER: order },
})

export const LLMGW: Contender = {
  id: 'llmgw',
  title: 'llmgw',
  command: async ({ world, proxied, path }) => ({
    argv: [
      'node',
      here('../bin/llmgw.js'),
      'deploy',
      'all',
      '--config',
      proxied.config,
      '--secrets-file',
      await secretsFile(world),
    ],
    env: { ...world.env, PATH: `${path}:/usr/bin:/bin`, INTERACTIVE_MODE: 'false' },
  }),
}

export const CONTENDERS: readonly Contender[] = [
  { id: 'sequence', title: 'script, one after the other', command: script('sequence') },
  { id: 'parallel', title: 'script, in parallel', command: script('parallel') },
  {
    id: 'helmfile',
    title: 'helmfile 1.8',
    command: async (run) => ({ argv: ['bash', here('contenders/helmfile.sh')], env: await environment(run) }),
  },
  LLMGW,
]

/** Absolute paths of the tools, by name; builds those that are pinned. @throws where aws is not on the machine */
export async function toolPaths(world: BenchWorld): Promise<Readonly<Record<string, string>>> {
  const [kubectl, helmfile] = [await goTool('kubectl'), await goTool('helmfile')]
  return { helm: world.connection.helm, kubectl, helmfile, aws: findAws(), node: process.execPath }
}

/** A version manager's stand-in for it would be measured too. */
function findAws(): string {
  const found = (command: string, args: readonly string[]): string | undefined => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch {
      return undefined
    }
  }
  const path = found('pyenv', ['which', 'aws']) ?? found('which', ['aws'])
  if (path === undefined) throw new Error('aws is not on this machine: install the AWS CLI (pip install awscli)')
  return path
}
