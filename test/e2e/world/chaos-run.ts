import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { DeployedSandbox } from './deployed.ts'
import { type Injection, inject } from './faults.ts'
import { type KillPoint, pointsOf } from './kill-points.ts'
import { type Ended, llmgw } from './llmgw.ts'
import { secretsFile } from './secrets-file.ts'
import { SPINE } from './spine.ts'
import { throughProxies } from './through-proxies.ts'

/** A run that neither ends nor heals is ended, and fails the test. Generous: the machine may be busy. */
const LONGEST_MS = 400_000

export interface ChaosRun {
  readonly ended: Ended
  readonly seconds: number
  /** What it met, in order. */
  readonly struck: readonly Injection[]
  /** Its calls in order: where another one like it can be met. */
  readonly passed: readonly KillPoint[]
}

/** `deploy all` with both APIs behind proxies, which meets these faults. */
export async function deployThrough(
  sandbox: DeployedSandbox,
  settings: Readonly<Record<string, unknown>>,
  injections: readonly Injection[] = [],
): Promise<ChaosRun> {
  let pid = 0
  let cutKube = (): void => undefined
  const folder = join(sandbox.connection.dir, 'scratch')
  await mkdir(folder, { recursive: true })
  const faults = inject(injections, {
    signal: (signal) => sent(pid, signal),
    killHelm: () => killChildren(pid),
    cutKube: () => cutKube(),
    fillDisk: () => fill(join('/proc', String(pid), 'root', folder, 'full')),
  })
  const proxied = await throughProxies(sandbox.connection, faults, settings)
  cutKube = proxied.kube.cut
  const deadline = new AbortController()
  const timer = setTimeout(() => {
    deadline.abort()
    sent(pid, 'SIGKILL')
  }, LONGEST_MS)
  const started = performance.now()
  try {
    const words = ['--config', proxied.config, '--secrets-file', await secretsFile(sandbox.connection.dir)]
    const ended = await llmgw(['deploy', 'all', ...words], {
      env: {
        ...sandbox.env,
        ...proxied.env,
        TMPDIR: folder,
        XDG_CACHE_HOME: folder,
        XDG_RUNTIME_DIR: folder,
        PATH: `${join(sandbox.connection.helm, '..')}:${sandbox.env.PATH}`,
        INTERACTIVE_MODE: 'false',
      },
      ...(injections.some(({ fault }) => fault === 'disk full') ? { prefix: onSmallDisk(folder) } : {}),
      started: (child) => {
        pid = child.pid ?? 0
      },
    })
    if (deadline.signal.aborted) throw new Error(`did not end within ${LONGEST_MS / 1000} s:\n${ended.output}`)
    return {
      ended,
      seconds: (performance.now() - started) / 1000,
      struck: [...faults.struck()],
      passed: pointsOf(proxied.calls(), { reads: true }),
    }
  } finally {
    clearTimeout(timer)
    // Only now: a helm that outlived the run is still talking through the proxy, and is cut off here at the latest.
    await proxied.close()
  }
}

/** Takes the platform of these settings away, whatever state it is in. */
export async function wipe(sandbox: DeployedSandbox, settings: Readonly<Record<string, unknown>>): Promise<void> {
  const { connection, env, flags } = sandbox
  const config = join(connection.dir, 'wiped.yaml')
  await writeFile(config, stringify({ apiVersion: 'llmgw/v1', ...SPINE, ...settings }))
  const all = ['--purge-secrets', '--delete-crds', '--delete-volumes', '--yes', '--confirm', 'llmgw']
  const [which = ''] = flags
  const gone = await llmgw(['destroy', 'all', ...all, which, '--config', config], { env })
  if (gone.code !== 0) throw new Error(`destroy ended with ${gone.code}:\n${gone.output}`)
}

/** @returns whether there was such a process */
function sent(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Kills the helm processes that this process started. @returns whether there was one */
function killChildren(pid: number): boolean {
  const listed = execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' })
  const helms = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, name]) => parent === String(pid) && name === 'helm')
  return helms.map(([helm]) => sent(Number(helm), 'SIGKILL')).includes(true)
}

/** A small file system of its own in the place of the folder: in a mount namespace that only the run sees. */
function onSmallDisk(folder: string): readonly string[] {
  const alone = process.getuid?.() === 0 ? ['unshare', '--mount'] : ['unshare', '--map-root-user', '--mount']
  return [...alone, 'sh', '-c', 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"', folder]
}

const BLOCK = Buffer.alloc(65_536)

/** Writes to the file until not a byte more has room. @returns whether there was a disk to fill */
function fill(file: string): boolean {
  let descriptor: number
  try {
    descriptor = openSync(file, 'a')
  } catch {
    return false
  }
  try {
    for (let size = BLOCK.length; size >= 1; ) {
      try {
        if (writeSync(descriptor, BLOCK, 0, size) < size) size = Math.floor(size / 2)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        size = Math.floor(size / 2)
      }
    }
    return true
  } finally {
    closeSync(descriptor)
  }
}
