import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { PreflightError } from '../../errors.ts'
import { packageFile } from '../package-root.ts'

const OLDEST_PYTHON = [3, 10] as const
const DESCRIBE_PYTHON =
  'import json, sys, sysconfig; print(json.dumps([sys.version_info[:3], sysconfig.get_platform(), sys.base_prefix]))'

/**
 * The Python that runs the AWS emulator: a virtual environment in the cache with exactly the pinned packages.
 * Made once per requirements file and interpreter; a half-made one is never found.
 * @returns absolute path of its `python`
 * @throws PreflightError without a fitting Python, or when pip refuses
 */
export async function prepareAws(
  cacheDir: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const requirements = packageFile('sandbox', 'aws', 'requirements.txt')
  const interpreter = await describePython(signal)
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .update(interpreter)
    .digest('hex')
    .slice(0, 16)
  const home = join(cacheDir, 'python', key)
  if (await works(home, signal)) return pythonOf(home)
  report('AWS emulator: installing moto and what it needs')
  const building = await install({ requirements, parent: join(cacheDir, 'python') }, report, signal)
  await publish(building, home, signal)
  report('AWS emulator: installed')
  return pythonOf(home)
}

const pythonOf = (home: string): string => join(home, 'bin', 'python')

async function describePython(signal: AbortSignal): Promise<string> {
  const found = await execa('python3', ['-c', DESCRIBE_PYTHON], { reject: false, cancelSignal: signal })
  signal.throwIfAborted()
  const hint = `install Python ${OLDEST_PYTHON.join('.')} or later with its venv module, e.g. apt-get install python3-venv`
  if (found.exitCode !== 0) {
    throw new PreflightError('PythonNotFound', 'the AWS emulator needs python3, which is not on PATH', {
      hint,
      cause: found.stderr,
    })
  }
  const [version] = JSON.parse(found.stdout) as [number[]]
  const [major = 0, minor = 0] = version
  if (major !== OLDEST_PYTHON[0] || minor < OLDEST_PYTHON[1]) {
    throw new PreflightError('PythonTooOld', `python3 is ${version.join('.')}, the AWS emulator needs 3.10 or later`, {
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
  { requirements, parent }: { readonly requirements: string; readonly parent: string },
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  await mkdir(parent, { recursive: true })
  const building = await mkdtemp(join(parent, 'building-'))
  try {
    await run('python3', ['-m', 'venv', building], { report, signal })
    const pip = ['-E', '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps']
    await run(pythonOf(building), [...pip, '--require-hashes', '-r', requirements], { report, signal })
    return building
  } catch (cause) {
    await rm(building, { recursive: true, force: true })
    throw cause
  }
}

async function run(
  command: string,
  args: readonly string[],
  { report, signal }: { readonly report: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const child = execa(command, args, { all: true, reject: false, cancelSignal: signal })
  for await (const line of child.iterable({ from: 'all' })) {
    const collected = /^Collecting (\S+)/.exec(line)
    if (collected) report(`AWS emulator: ${collected[1]}`)
  }
  const { exitCode, all } = await child
  signal.throwIfAborted()
  if (exitCode === 0) return
  throw new PreflightError(
    'AwsEmulatorNotInstalled',
    'the Python packages of the AWS emulator could not be installed',
    {
      hint: 'check that pip reaches its package index, then run the command again',
      cause: all.trim().split('\n').at(-1),
    },
  )
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
