import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { LlmgwError, PreflightError } from '../../errors.ts'
import { packageFile } from '../package-root.ts'
import { isInstalled, virtualEnvironment } from '../python/virtual-environment.ts'
import { type Machine, thisMachine } from '../tools/machine.ts'
import { basePrefix, outsideSystem, type Preparation, SYSTEM_PATH } from './preparation.ts'
import type { Program } from './programs.ts'

const GIB = 1024 ** 3
/** What all real pods need, and 0.4 GiB of Open WebUI, twice while a new one starts. */
const MEMORY_BYTES = 3.25 * GIB
/** 1.3 GiB when installed; the wheels of 0.3 GiB lie beside them meanwhile. */
const DISK_BYTES = 2 * GIB

const REQUIREMENTS = () => packageFile('sandbox', 'runtime', 'programs', 'open-webui.txt')

/** The first of them that fits is taken. Source: Open WebUI's package, which takes Python 3.11 and 3.12. */
const INTERPRETERS = ['python3', 'python3.12', 'python3.11']
const FITS = 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))'

type Resources = Pick<Machine, 'availableBytes' | 'freeDisk'>

/** Open WebUI, where this machine can have it; its Pods stay simulated where not, and `report` is told why. */
export async function prepareOpenWebUi(
  preparation: Preparation,
  machine: Resources = thisMachine(),
): Promise<Program | undefined> {
  const { report, signal } = preparation
  const without = (reason: string) => report(`pods of Open WebUI are simulated: ${reason}`)
  const interpreter = await findInterpreter(signal)
  if (interpreter === undefined) {
    without('real ones need Python 3.11 or 3.12, and neither is on PATH')
    return undefined
  }
  const lack = await shortage({ ...preparation, interpreter }, machine)
  if (lack !== undefined) {
    without(lack)
    return undefined
  }
  try {
    return await install({ ...preparation, interpreter })
  } catch (error) {
    // A package index that lacks it costs no more than it.
    if (!(error instanceof LlmgwError)) throw error
    const { cause, message } = error
    without(cause === undefined ? message : `${message} (${String(cause)})`)
    return undefined
  }
}

async function findInterpreter(cancelSignal: AbortSignal): Promise<string | undefined> {
  for (const interpreter of INTERPRETERS) {
    const { exitCode } = await execa(interpreter, ['-E', '-S', '-c', FITS], { reject: false, cancelSignal })
    cancelSignal.throwIfAborted()
    if (exitCode === 0) return interpreter
  }
  return undefined
}

interface Installing extends Preparation {
  readonly interpreter: string
}

const orderOf = ({ cacheDir, interpreter }: Installing) => ({
  forWhom: 'Open WebUI',
  title: 'Open WebUI',
  requirements: REQUIREMENTS(),
  interpreter,
  cacheDir,
  refused: (cause: string | undefined) =>
    new PreflightError('RuntimePartNotInstalled', 'its Python packages could not be installed', {
      hint: 'check that pip reaches its package index',
      cause,
    }),
})

/** What it lacks here, or undefined; says what is to come where it is not in the cache. */
async function shortage(installing: Installing, machine: Resources): Promise<string | undefined> {
  const { cacheDir, report, signal } = installing
  const { availableBytes } = machine
  if (availableBytes < MEMORY_BYTES) {
    return `real ones need 3.25 GiB of free memory, found ${(availableBytes / GIB).toFixed(1)} GiB`
  }
  if (await isInstalled(orderOf(installing), signal)) return undefined
  const free = await machine.freeDisk(cacheDir)
  if (free < DISK_BYTES) return `real ones need 2 GiB of disk below ${cacheDir}, found ${(free / GIB).toFixed(1)} GiB`
  report('Open WebUI: to be installed from pinned packages; about 350 MB to download, 1 to 3 minutes, once')
  return undefined
}

async function install(installing: Installing): Promise<Program> {
  const python = await virtualEnvironment(orderOf(installing), installing)
  const home = dirname(dirname(python))
  const version = /^open-webui(?:\[[^\]]*\])?==(\S+)/m.exec(await readFile(REQUIREMENTS(), 'utf8'))?.[1] ?? 'unknown'
  const packages = await execa(python, ['-E', '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'])
  return {
    name: 'open-webui',
    title: `Open WebUI ${version}`,
    entrypoint: [],
    command: ['bash', 'start.sh'],
    environment: {
      PATH: `${home}/bin:${SYSTEM_PATH}`,
      VIRTUAL_ENV: home,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
      // The package knows its version and its pages only when it is told that it is not the image.
      FROM_INIT_PY: 'true',
      DATA_DIR: '/app/backend/data',
      ENV: 'prod',
      PORT: '8080',
      DOCKER: 'true',
      // What runs models on this machine is not installed, as in the smaller one of its images.
      USE_SLIM_DOCKER: 'true',
      SCARF_NO_ANALYTICS: 'true',
      DO_NOT_TRACK: 'true',
      ANONYMIZED_TELEMETRY: 'false',
    },
    workingDir: '/app/backend',
    user: 0,
    folders: outsideSystem([home, await basePrefix(python)]),
    files: [
      [packageFile('sandbox', 'runtime', 'bin', 'open-webui', 'start.sh'), '/app/backend/start.sh'],
      [join(packages.stdout.trim(), 'open_webui', 'data'), '/app/backend/data'],
    ],
  }
}
