import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PreflightError } from '../../errors.ts'
import { withLock } from '../lock.ts'
import { type BuildContext, go } from '../tools/build.ts'
import { downloadCounter, packageCounter } from '../tools/progress.ts'
import { isExecutable } from '../tools/version.ts'
import { type ModulePin, modulePinDir, readModulePin } from './module-pin.ts'

export interface BuiltOperator {
  /** Folder of everything that was built or kept; changes with the version, our files and the platform. */
  readonly folder: string
  /** Absolute path of the operator's own program. */
  readonly binary: string
}

/** Where the cache keeps an operator, whether it was built or not. */
export async function operatorHome(cacheDir: string, tool: string): Promise<BuiltOperator> {
  const pin = readModulePin(tool)
  const { module, version, sum, programs, ldflags, overwrite, edits, keep } = pin
  const hash = createHash('sha256').update(
    JSON.stringify([module, version, sum, programs, ldflags, overwrite, edits, keep]),
  )
  for (const file of Object.values(overwrite)) hash.update(await readFile(join(modulePinDir(tool), file)))
  const key = `${version}-${hash.digest('hex').slice(0, 12)}-${process.platform}-${process.arch}`
  const folder = join(cacheDir, 'tools', tool, key)
  return { folder, binary: join(folder, tool) }
}

/**
 * The programs of a real operator, from the cache or built from its pinned module.
 * @throws PreflightError when the module is not the pinned one, or Go fails
 */
export async function buildOperator(tool: string, context: BuildContext): Promise<BuiltOperator> {
  const home = await operatorHome(context.cacheDir, tool)
  if (await isExecutable(home.binary)) return home
  const lock = {
    file: join(context.cacheDir, 'tools', `.${tool}.lock`),
    signal: context.signal,
    onWait: (pid: number) => context.report(`waiting for process ${pid}, which builds ${tool}`),
  }
  await withLock(lock, async () => {
    if (!(await isExecutable(home.binary))) await build(tool, home.folder, context)
  })
  return home
}

async function build(tool: string, home: string, context: BuildContext): Promise<void> {
  const pin = readModulePin(tool)
  const workshop = await mkdtemp(join(context.cacheDir, 'tools', '.building-'))
  try {
    const source = join(workshop, 'source')
    await cp(await download(tool, workshop, context), source, { recursive: true })
    await adapt(tool, pin, source)
    const out = join(workshop, 'out')
    await compile(tool, { source, out }, context)
    for (const [folder, kept] of Object.entries(pin.keep)) {
      await cp(join(source, folder), join(out, kept), { recursive: true })
    }
    await mkdir(join(home, '..'), { recursive: true })
    await rm(home, { recursive: true, force: true })
    await rename(out, home)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/**
 * `go install` refuses a module with a `replace`, and cannot take an edit: it is copied and built as the main module, and its
 * own go.sum guards the rest.
 */
async function download(tool: string, cwd: string, context: BuildContext): Promise<string> {
  const { module, version, sum } = readModulePin(tool)
  context.report(`downloading ${tool} ${version}`)
  const answer = await go(['mod', 'download', '-json', `${module}@v${version}`], cwd, {
    ...context,
    onLine: downloadCounter(tool, context.report),
  })
  const { Dir, Sum } = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string }
  if (Sum === sum) return Dir
  throw new PreflightError('SandboxToolNotBuilt', `${module} v${version} is ${Sum}, expected ${sum}`, {
    hint: 'the module proxy serves another content than the one that was pinned: go env GOPROXY',
  })
}

async function adapt(tool: string, { module, overwrite, edits }: ModulePin, source: string): Promise<void> {
  await makeWritable(source)
  for (const [file, ours] of Object.entries(overwrite)) {
    await cp(join(modulePinDir(tool), ours), join(source, file), { force: true })
  }
  for (const edit of edits) {
    const file = join(source, edit.file)
    const parts = (await readFile(file, 'utf8')).split(edit.find)
    if (parts.length !== 2) throw new Error(`${edit.file} of ${module} is not as expected: ${edit.why}`)
    await writeFile(file, parts.join(edit.replace))
  }
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

async function compile(
  tool: string,
  { source, out }: { readonly source: string; readonly out: string },
  context: BuildContext,
): Promise<void> {
  const { ldflags, programs } = readModulePin(tool)
  const onLine = downloadCounter(tool, context.report)
  const listed = await go(['list', '-deps', ...Object.values(programs)], source, { ...context, onLine })
  const total = listed.split('\n').filter(Boolean).length
  context.report(`building ${tool} from ${total} packages`)
  const counted = packageCounter(tool, total, context.report)
  for (const [program, path] of Object.entries(programs)) {
    const args = ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', join(out, program), path]
    await go(args, source, { ...context, onLine: counted })
  }
}
