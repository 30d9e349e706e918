import { readFile, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { freemem } from 'node:os'
import { dirname } from 'node:path'
import { execa } from 'execa'

type Environment = Readonly<Record<string, string>>

/** What this machine has and lets us do. */
export interface Machine {
  readonly platform: string
  readonly arch: string
  /** Text of `/etc/os-release`; empty where there is none. */
  readonly osRelease: () => Promise<string>
  /** Memory that programs can still get. */
  readonly availableBytes: number
  /** Bytes that may still be written below the folder. */
  readonly freeDisk: (folder: string) => Promise<number>
  /** The version that `go env GOVERSION` names, or undefined without Go. */
  readonly goVersion: (environment: Environment) => Promise<string | undefined>
  /** Undefined without python3. */
  readonly python: (environment: Environment) => Promise<Python | undefined>
  /** Why a server of this user cannot listen there (`EACCES`, …), or undefined when it can. */
  readonly whyNotListen: (host: string, port: number) => Promise<string | undefined>
}

interface Python {
  /** e.g. `3.11.7` */
  readonly version: string
  /** Whether it can make virtual environments with pip in them. */
  readonly venv: boolean
}

/** The machine that we run on. */
export const thisMachine = (): Machine => ({
  platform: process.platform,
  arch: process.arch,
  osRelease: async () => await readFile('/etc/os-release', 'utf8').catch(() => ''),
  availableBytes: freemem(),
  freeDisk,
  goVersion: async (environment) =>
    await firstLine('go', ['env', 'GOVERSION'], { ...environment, GOTOOLCHAIN: 'local' }),
  python,
  whyNotListen,
})

async function firstLine(command: string, args: readonly string[], env: Environment): Promise<string | undefined> {
  const { exitCode, stdout } = await execa(command, args, { reject: false, extendEnv: false, env })
  return exitCode === 0 ? stdout.split('\n')[0]?.trim() : undefined
}

async function python(environment: Environment): Promise<Python | undefined> {
  const version = await firstLine('python3', ['-c', 'import platform; print(platform.python_version())'], environment)
  if (version === undefined) return undefined
  // Debian ships venv without ensurepip, which then fails half-way.
  const venv = await firstLine('python3', ['-c', 'import venv, ensurepip; print(1)'], environment)
  return { version, venv: venv !== undefined }
}

async function freeDisk(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    if (folder === dirname(folder)) throw error
    return await freeDisk(dirname(folder))
  }
}

function whyNotListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
