import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { PreflightError } from '../../src/errors.ts'
import { cacheDir } from '../../src/sandbox/folders.ts'
import { packageFile } from '../../src/sandbox/package-root.ts'
import { freePort } from '../../src/sandbox/ports.ts'
import { virtualEnvironment } from '../../src/sandbox/python/virtual-environment.ts'

/** What the deployed pod would have: files beside its configuration, the configuration, its environment. */
export interface Deployed {
  readonly files: Readonly<Record<string, string>>
  readonly proxyConfig: unknown
  readonly environment: Readonly<Record<string, string>>
}

export interface RealLitellm {
  readonly url: string
  /** What it has written so far. */
  output(): string
  close(): Promise<void>
}

/** Python with the LiteLLM that the sandbox runs behind its pods. */
export function litellmPython(): Promise<string> {
  const order = {
    forWhom: 'LiteLLM',
    title: 'LiteLLM',
    requirements: packageFile('sandbox', 'runtime', 'programs', 'litellm.txt'),
    cacheDir: cacheDir(process.env),
    refused: (cause: string | undefined) =>
      new PreflightError('RuntimePartNotInstalled', 'LiteLLM could not be installed', { cause }),
  }
  return virtualEnvironment(order, { report: () => undefined, signal: new AbortController().signal })
}

/** A folder with the files of a pod, gone with `remove`. */
export async function podFolder({ files, proxyConfig }: Deployed): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'llmgw-litellm-'))
  for (const [name, text] of Object.entries({ ...files, 'config.yaml': stringify(proxyConfig) }))
    await writeFile(join(dir, name), text)
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

/** Starts the real LiteLLM on loopback, as the image does, and waits until it is ready. @throws Error with its output when it ends before */
export async function realLitellm(deployed: Deployed): Promise<RealLitellm> {
  const python = await litellmPython()
  const { dir, remove } = await podFolder(deployed)
  const port = await freePort()
  const run = 'import sys; from litellm.proxy.proxy_cli import run_server; sys.exit(run_server())'
  const args = ['--host', '127.0.0.1', '--port', String(port), '--config', join(dir, 'config.yaml')]
  const child = spawn(python, ['-c', run, ...args], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir, ...deployed.environment } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const hear = (chunk: Buffer): void => {
    output += chunk.toString('utf8')
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const url = `http://127.0.0.1:${port}`
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await remove()
  }
  try {
    await ready(url, child)
  } catch (error) {
    await close()
    throw new Error(`${(error as Error).message}:\n${output}`, { cause: error })
  }
  return { url, output: () => output, close }
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`LiteLLM ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/health/readiness`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
