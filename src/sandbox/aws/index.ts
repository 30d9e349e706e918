import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PreflightError } from '../../errors.ts'
import { bareEnvironment } from '../bare-environment.ts'
import { packageFile } from '../package-root.ts'
import type { Part, PartHealth, SandboxWorld } from '../part.ts'
import { logFile, processState, startProcess, stopProcess } from '../process.ts'
import { discoveryUrl } from '../upstream/identity.ts'

export { prepareAws } from './prepare.ts'

const PROCESS = 'aws'
const START_DEADLINE_MS = 60_000
const ANSWER_DEADLINE_MS = 2_000
const POLL_MS = 100

/** moto on the port of `world.aws.endpoint`, IAM enforced, seeded; all it holds is in its memory. */
export const awsPart: Part = {
  name: 'aws',

  async start(world, report, signal) {
    if (await answers(world)) return
    await stopProcess(world, PROCESS)
    report('AWS emulator: starting')
    await startProcess({ dir: world.dir, environment: bareEnvironment(world.environment) }, await processSpec(world))
    await appendFile(startsFile(world), `${new Date().toISOString()}\n`)
    await untilAnswering(world, signal)
    report('AWS emulator: ready')
  },

  async health(world): Promise<PartHealth> {
    const running = await processState(world, PROCESS)
    if (!running) return { state: 'down', detail: 'the AWS emulator does not run; starting it seeds a fresh account' }
    if (!(await answers(world))) {
      return {
        state: 'down',
        detail: `the AWS emulator (process ${running.pid}) does not answer on ${world.aws.endpoint}`,
      }
    }
    return { state: 'running', detail: await describe(world), pids: [running.pid] }
  },

  async stop(world) {
    await stopProcess(world, PROCESS)
  },
}

const startsFile = (world: SandboxWorld): string => join(world.dir, 'aws', 'starts')

async function describe(world: SandboxWorld): Promise<string> {
  const text = await readFile(startsFile(world), 'utf8').catch(() => '')
  const starts = text.trim().split('\n')
  const basis = `account ${world.aws.accountId}, ${world.aws.region}, IAM enforced, kept in memory`
  if (starts.length < 2) return basis
  return `${basis}; started again at ${starts.at(-1)}: roles, policies and secrets made before are gone, run deploy again`
}

async function processSpec(world: SandboxWorld) {
  const folder = join(world.dir, 'aws')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const settings = join(folder, 'settings.json')
  const { endpoint, ...account } = world.aws
  const port = Number(new URL(endpoint).port)
  const content = {
    ...account,
    port,
    issuer: world.oidcIssuer,
    kubeconfig: world.kubeconfig,
    directory: world.dir,
    // Real programs look where a login leads; simulated ones need no more than the form of an address.
    ...(world.upstreamPort && { provided: { 'openwebui/oidc-provider-url': discoveryUrl(world.upstreamPort) } }),
  }
  await writeFile(settings, JSON.stringify(content), { mode: 0o600 })
  const { python } = world.tools
  if (python === undefined) throw new PreflightError('SandboxToolMissing', 'the sandbox has no tool named python')
  return {
    name: PROCESS,
    command: python,
    args: ['-E', '-s', '-B', packageFile('sandbox', 'aws', 'serve.py'), settings],
    // moto itself uses boto3 here and there: it must never find credentials of the user.
    env: {
      AWS_ACCESS_KEY_ID: 'none',
      AWS_SECRET_ACCESS_KEY: 'none',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
  }
}

async function answers(world: SandboxWorld): Promise<boolean> {
  try {
    const answer = await fetch(`${world.aws.endpoint}/llmgw-sandbox/health`, {
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    })
    // The issuer is this sandbox's own: another program on the port is not taken for the emulator.
    return (await answer.text()) === world.oidcIssuer
  } catch {
    return false
  }
}

async function untilAnswering(world: SandboxWorld, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS
  while (!(await answers(world))) {
    const running = await processState(world, PROCESS)
    if (!running || performance.now() > deadline) {
      const log = await readFile(logFile(world, PROCESS), 'utf8').catch(() => '')
      throw new PreflightError(
        'AwsEmulatorNotStarted',
        running ? `the AWS emulator does not answer on ${world.aws.endpoint}` : 'the AWS emulator ended at its start',
        { hint: 'llmgw sandbox logs aws', cause: log.trim().split('\n').at(-1) },
      )
    }
    await sleep(POLL_MS, undefined, { signal })
  }
}
