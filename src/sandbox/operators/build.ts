import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PreflightError } from '../../errors.ts'
import { withLock } from '../lock.ts'
import { type BuildContext, go } from '../tools/build.ts'
import { downloadCounter, packageCounter } from '../tools/progress.ts'
import { isExecutable } from '../tools/version.ts'
import { type ControllerPin, controllerPinDir, readControllerPin } from './controller-pin.ts'

const WHAT = 'external-secrets'

export interface ExternalSecretsTool {
  /** Absolute path of the program. */
  readonly binary: string
  /** Folder with the CRDs of the same version, a YAML file each. */
  readonly crds: string
}

/** Where the cache keeps them; changes with the version, our files and the platform. */
export async function externalSecretsHome(
  cacheDir: string,
): Promise<ExternalSecretsTool & { readonly folder: string }> {
  const pin = readControllerPin()
  const hash = createHash('sha256')
  for (const file of ['module.json', ...Object.values(pin.overwrite)]) {
    hash.update(await readFile(join(controllerPinDir(), file)))
  }
  const key = `${pin.version}-${hash.digest('hex').slice(0, 12)}-${process.platform}-${process.arch}`
  const folder = join(cacheDir, 'tools', WHAT, key)
  return { folder, binary: join(folder, WHAT), crds: join(folder, 'crds') }
}

/**
 * The real External Secrets controller with the providers that the sandbox needs, from the cache or built from its pinned module.
 * @throws PreflightError when the module is not the pinned one, or Go fails
 */
export async function buildExternalSecrets(context: BuildContext): Promise<ExternalSecretsTool> {
  const home = await externalSecretsHome(context.cacheDir)
  const { binary, crds } = home
  if (await isExecutable(binary)) return { binary, crds }
  const lock = {
    file: join(context.cacheDir, 'tools', `.${WHAT}.lock`),
    signal: context.signal,
    onWait: (pid: number) => context.report(`waiting for process ${pid}, which builds ${WHAT}`),
  }
  await withLock(lock, async () => {
    if (!(await isExecutable(binary))) await build(readControllerPin(), home.folder, context)
  })
  return { binary, crds }
}

async function build(pin: ControllerPin, home: string, context: BuildContext): Promise<void> {
  const parent = join(context.cacheDir, 'tools')
  const workshop = await mkdtemp(join(parent, '.building-'))
  try {
    const source = join(workshop, 'source')
    await cp(await download(pin, workshop, context), source, { recursive: true })
    await adapt(pin, source)
    const out = join(workshop, 'out')
    await compile(source, join(out, WHAT), context)
    await cp(join(source, pin.crds), join(out, 'crds'), {
      recursive: true,
      filter: (file) => !file.includes('kustomization'),
    })
    await mkdir(join(home, '..'), { recursive: true })
    await rm(home, { recursive: true, force: true })
    await rename(out, home)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** `go install` refuses a module with a `replace`, so it is copied and built as the main module; its go.sum guards the rest. */
async function download(pin: ControllerPin, cwd: string, context: BuildContext): Promise<string> {
  context.report(`downloading ${WHAT} ${pin.version}`)
  const answer = await go(['mod', 'download', '-json', `${pin.module}@v${pin.version}`], cwd, {
    ...context,
    onLine: downloadCounter(WHAT, context.report),
  })
  const { Dir, Sum } = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string }
  if (Sum === pin.sum) return Dir
  throw new PreflightError('SandboxToolNotBuilt', `${pin.module} v${pin.version} is ${Sum}, expected ${pin.sum}`, {
    hint: 'the module proxy serves another content than the one that was pinned: go env GOPROXY',
  })
}

async function adapt(pin: ControllerPin, source: string): Promise<void> {
  await makeWritable(source)
  for (const [file, ours] of Object.entries(pin.overwrite)) {
    await cp(join(controllerPinDir(), ours), join(source, file), { force: true })
  }
  const file = join(source, pin.edit.file)
  const text = await readFile(file, 'utf8')
  const parts = text.split(pin.edit.find)
  if (parts.length !== 2) throw new Error(`${pin.edit.file} of ${pin.module} is not as expected: ${pin.edit.why}`)
  await writeFile(file, parts.join(pin.edit.replace))
}

/** The module cache is read-only, and so is a copy of it. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await makeWritable(path)
    else if (entry.isFile()) await chmod(path, 0o644)
  }
}

async function compile(source: string, binary: string, context: BuildContext): Promise<void> {
  const listed = await go(['list', '-deps', '.'], source, { ...context, onLine: downloadCounter(WHAT, context.report) })
  const total = listed.split('\n').filter(Boolean).length
  context.report(`building ${WHAT} from ${total} packages`)
  const args = ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', binary, '.']
  await go(args, source, { ...context, onLine: packageCounter(WHAT, total, context.report) })
}
