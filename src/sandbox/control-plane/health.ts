import { readFile } from 'node:fs/promises'
import { type Agent as HttpAgent, get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { identifyOwn } from '../mark.ts'
import type { PartHealth, SandboxWorld } from '../part.ts'
import { COMPONENTS, type ComponentName, healthUrl, pidFile, readPorts } from './components.ts'

const ANSWER_WITHIN_MS = 3_000

export interface ComponentHealth {
  readonly name: ComponentName
  /** Undefined when it does not run. */
  readonly pid: number | undefined
  readonly answers: boolean
}

/** What runs and what answers, of each component; a reused pid or a zombie does not count as running. */
export async function componentHealth(world: Pick<SandboxWorld, 'dir'>): Promise<readonly ComponentHealth[]> {
  const ports = await readPorts(world)
  return await Promise.all(
    COMPONENTS.map(async (name) => {
      const pid = await runningPid(world, name)
      const answers = pid !== undefined && ports !== undefined && (await isOk(healthUrl(name, ports)))
      return { name, pid, answers }
    }),
  )
}

/** Pid of the component, when the process behind its pid file is alive and this sandbox's. */
export async function runningPid(world: Pick<SandboxWorld, 'dir'>, name: ComponentName): Promise<number | undefined> {
  const text = await readFile(pidFile(world, name), 'utf8').catch(() => '')
  if (!/^\d+$/.test(text.trim())) return undefined
  return (await identifyOwn(Number(text), world.dir))?.pid
}

/** Health pages are open to everyone, so no certificate is needed, and there is no secret to protect. */
function isOk(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: ANSWER_WITHIN_MS, rejectUnauthorized: false, agent: false as unknown as HttpAgent }
    const get = url.startsWith('https:') ? httpsGet : httpGet
    const outgoing = get(url, options, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve(false))
    outgoing.on('close', () => resolve(false))
  })
}

/** One line for `status`: names what is down, first. */
export function summarize(components: readonly ComponentHealth[], version: string): PartHealth {
  const dead = components.filter(({ pid }) => pid === undefined).map(({ name }) => `${name} does not run`)
  const mute = components.filter(({ pid, answers }) => pid !== undefined && !answers)
  const complaints = [...dead, ...mute.map(({ name }) => `${name} does not answer`)]
  if (complaints.length > 0) return { state: 'down', detail: complaints.join(', ') }
  return {
    state: 'running',
    detail: `Kubernetes v${version}, ${components.map(({ name }) => name).join(', ')}`,
    pids: components.flatMap(({ pid }) => pid ?? []),
  }
}
