import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { PreflightError } from '../../errors.ts'

const OLDEST_PYTHON = [3, 10] as const
const DESCRIBE_PYTHON =
  'import json, sys, sysconfig; print(json.dumps([sys.version_info[:3], sysconfig.get_platform(), sys.base_prefix]))'

export interface Order {
  /** Who needs it, e.g. `the AWS emulator`. */
  readonly forWhom: string
  /** Begins each line of progress. */
  readonly title: string
  /** Requirements file with a digest for every package. */
  readonly requirements: string
  /** Command of the Python to make it with; `python3` when absent. */
  readonly interpreter?: string
  readonly cacheDir: string
  /** The error when pip refuses. */
  readonly refused: (cause: string | undefined) => Error
}

type Place = Pick<Order, 'requirements' | 'cacheDir' | 'forWhom' | 'interpreter'>

const interpreterOf = ({ interpreter = 'python3' }: Pick<Order, 'interpreter'>): string => interpreter

export interface Progress {
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * A virtual environment in the cache with exactly the pinned packages.
 * Made once per requirements file and interpreter; a half-made one is never found.
 * @returns absolute path of its `python`
 * @throws PreflightError without a fitting Python, or what `refused` gives when pip refuses
 */
export async function virtualEnvironment(order: Order, progress: Progress): Promise<string> {
  const { title, requirements, cacheDir } = order
  const { report, signal } = progress
  const home = await homeOf(order, signal)
  if (await works(home, signal)) return pythonOf(home)
  report(`${title}: installing ${(await readFile(requirements, 'utf8')).match(/^[\w.[\]-]+==/gm)?.length} packages`)
  const building = await install({ order, parent: join(cacheDir, 'python') }, progress)
  await publish(building, home, signal)
  report(`${title}: installed`)
  return pythonOf(home)
}

/** Whether it is in the cache already. */
export async function isInstalled(order: Place, signal: AbortSignal) {
  return await works(await homeOf(order, signal), signal)
}

async function homeOf(place: Place, signal: AbortSignal): Promise<string> {
  const described = await describePython(place, signal)
  const hash = createHash('sha256').update(await readFile(place.requirements))
  return join(place.cacheDir, 'python', hash.update(described).digest('hex').slice(0, 16))
}

const pythonOf = (home: string): string => join(home, 'bin', 'python')

async function describePython(place: Pick<Order, 'forWhom' | 'interpreter'>, signal: AbortSignal): Promise<string> {
  const { forWhom } = place
  const found = await execa(interpreterOf(place), ['-c', DESCRIBE_PYTHON], { reject: false, cancelSignal: signal })
  signal.throwIfAborted()
  const hint = `install Python ${OLDEST_PYTHON.join('.')} or later with its venv module, e.g. apt-get install python3-venv`
  if (found.exitCode !== 0) {
    throw new PreflightError('PythonNotFound', `${forWhom} needs python3, which is not on PATH`, {
      hint,
      cause: found.stderr,
    })
  }
  const [version] = JSON.parse(found.stdout) as [number[]]
  const [major = 0, minor = 0] = version
  if (major !== OLDEST_PYTHON[0] || minor < OLDEST_PYTHON[1]) {
    throw new PreflightError('PythonTooOld', `python3 is ${version.join('.')}, ${forWhom} needs 3.10 or later`, {
      hint,
    })
  }
  return found.stdout
}

/** A folder is only there when it was finished; what can still be gone is the interpreter that it links to. */
async function works(home: string, signal: AbortSignal): Promise<boolean> {
  const tried = await execa(pythonOf(home), ['-E', '-S', '-c', ''], { reject: false, cancelSignal: signal })
  signal.throwIfAborted()
  return tried.exitCode === 0
}

async function install(
  { order, parent }: { readonly order: Order; readonly parent: string },
  progress: Progress,
): Promise<string> {
  await mkdir(parent, { recursive: true })
  const building = await mkdtemp(join(parent, 'building-'))
  try {
    await run(order, interpreterOf(order), { args: ['-m', 'venv', building], ...progress })
    const pip = ['-E', '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps']
    await run(order, pythonOf(building), {
      args: [...pip, '--require-hashes', '-r', order.requirements],
      ...progress,
    })
    return building
  } catch (cause) {
    await rm(building, { recursive: true, force: true })
    throw cause
  }
}

async function run(
  { title, refused }: Order,
  command: string,
  { args, report, signal }: Progress & { readonly args: readonly string[] },
): Promise<void> {
  const child = execa(command, args, { all: true, reject: false, cancelSignal: signal })
  for await (const line of child.iterable({ from: 'all' })) {
    const collected = /^Collecting (\S+)/.exec(line)
    if (collected) report(`${title}: ${collected[1]}`)
    if (/^Installing collected packages/.test(line)) report(`${title}: unpacking, which takes most of the time`)
  }
  const { exitCode, all } = await child
  signal.throwIfAborted()
  if (exitCode !== 0) throw refused(all.trim().split('\n').at(-1))
}

/** A virtual environment finds its packages from its own place, so it can be moved as long as only its `python` is used. */
async function publish(building: string, home: string, signal: AbortSignal): Promise<void> {
  try {
    await rm(home, { recursive: true, force: true })
    await rename(building, home)
  } catch (cause) {
    await rm(building, { recursive: true, force: true })
    // Another `up` may have been faster.
    if (!(await works(home, signal))) throw cause
  }
}
