import { dirname } from 'node:path'
import type { DeployedSandbox } from './deployed.ts'
import { random } from './kill-points.ts'
import { type Ended, llmgw } from './llmgw.ts'
import type { Seen } from './recording-proxy.ts'
import { secretsFile } from './secrets-file.ts'
import { throughProxies } from './through-proxies.ts'

/** One in so many rounds begins from nothing; the others change what the round before has left. */
const FROM_NOTHING_EVERY = 5
/** A holder is killed after at most so many writes: the smaller of both changes makes some twenty-five. */
const LATEST_KILL = 20

export interface Round {
  readonly number: number
  readonly fromNothing: boolean
  /** A holder is killed after so many writes, and the next one after so many more; empty = nobody is. */
  readonly kills: readonly number[]
}

/** In turn nobody is killed, one holder, and two; the seed decides after which writes. */
export function roundsOf(count: number, seed: number): readonly Round[] {
  const next = random(seed)
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    fromNothing: index % FROM_NOTHING_EVERY === 0,
    kills: Array.from({ length: index % 3 }, () => Math.ceil(next() * LATEST_KILL)),
  }))
}

export const describeRound = ({ number, fromNothing, kills }: Round): string =>
  `${number}, ${fromNothing ? 'from nothing' : 'a change'}, ` +
  (kills.length === 0 ? 'nobody killed' : `holder killed after ${kills.join(' and ')} writes`)

/** Two configurations, so that every round has something to do. */
const VARIANTS = [1, 2].map((number) => ({
  gateway: { retries: number },
  components: { redis: { values: { podAnnotations: { 'example.com/variant': String(number) } } } },
}))

interface Racer {
  readonly pid: number
  readonly ended: Ended
}

export interface Race {
  /** All that ran at the same time. */
  readonly racers: readonly Racer[]
  /** Processes that were killed while they held the lock, in order. */
  readonly killed: readonly number[]
  /** One that came when all had ended; with another one after it where it had something to do. */
  readonly after: readonly Ended[]
}

/** Whether the run says that it changed something. */
export const changed = ({ stdout }: Ended): boolean => (JSON.parse(stdout) as { changed?: boolean }).changed === true

/** So many `deploy all` at the same time, with both APIs behind proxies that count writes. */
export async function race(sandbox: DeployedSandbox, count: number, { number, kills }: Round): Promise<Race> {
  const killed: number[] = []
  const left = [...kills]
  let writes = 0
  const after = async ({ write, path }: Seen): Promise<void> => {
    if (!write || path.includes('/leases')) return
    writes += 1
    if (writes !== left[0]) return
    left.shift()
    writes = 0
    const pid = await holderOf(sandbox)
    // What a dead holder's helm still writes counts, but kills nobody a second time.
    if (pid === undefined || killed.includes(pid) || !process.kill(pid, 'SIGKILL')) return
    killed.push(pid)
  }
  const proxied = await throughProxies(sandbox.connection, { kube: { after }, aws: { after } }, VARIANTS[number % 2])
  const args = ['deploy', 'all', '--config', proxied.config, '--output', 'json']
  const secrets = ['--secrets-file', await secretsFile(sandbox.connection.dir)]
  const path = `${dirname(sandbox.connection.helm)}:${sandbox.env.PATH}`
  const env = { ...sandbox.env, ...proxied.env, PATH: path, INTERACTIVE_MODE: 'false' }
  const deploy = async (): Promise<Racer> => {
    let pid = 0
    const started = ({ pid: its }: { pid?: number | undefined }) => {
      pid = its ?? 0
    }
    const ended = await llmgw([...args, ...secrets], { env, started })
    return { pid, ended }
  }
  try {
    const racers = await Promise.all(Array.from({ length: count }, deploy))
    left.length = 0
    const after = [(await deploy()).ended]
    if (after.some(changed)) after.push((await deploy()).ended)
    return { racers, killed, after }
  } finally {
    await proxied.close()
  }
}

/** Process that holds the lock of the deployment. */
async function holderOf({ at }: DeployedSandbox): Promise<number | undefined> {
  const lease = await at.kube.find({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: 'kube-system',
    name: 'llmgw-llmgw',
  })
  const { holderIdentity = '' } = (lease?.spec ?? {}) as { holderIdentity?: string }
  const pid = / pid (\d+) /.exec(holderIdentity)?.[1]
  return pid === undefined ? undefined : Number(pid)
}
