import { randomBytes } from 'node:crypto'
import { lstat, rename, rm, writeFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { loadConfig } from '../../config/load.ts'
import { showText } from '../../config/show.ts'
import { type Answers, starterFile } from '../../config/starter-file.ts'
import { UsageError } from '../../errors.ts'
import type { InitFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { asFlagValues, givenBy } from '../init/given.ts'
import { askAnswers } from '../init/questions.ts'
import { collectAnswers } from '../init/unattended.ts'
import { hasTerminal } from '../run/mode.ts'

/** `llmgw init`: writes a commented llmgw.yaml that loads; overwrites nothing without --force. @returns exit code */
export async function init(flags: InitFlags, host: Host): Promise<number> {
  refuseSandbox(flags)
  const named = flags.file ?? flags.config ?? 'llmgw.yaml'
  const path = resolve(host.cwd, named)
  if (!flags.force) await refuseExisting(path, named)
  const known = givenBy(flags, host)
  const answers = asks(flags, host)
    ? await askUntilStopped(known, host)
    : await collectAnswers({ ...known.byEnvironment, ...known.byFlag }, host)
  // Values that no question checked are refused here, by the name under which they were given.
  const builtIn = { name: 'preset', values: { models: answers.models }, facts: {} }
  await loadConfig({ cwd: host.cwd, env: {}, flags: asFlagValues(answers), builtIn })
  await write(path, starterFile(answers), { named, force: flags.force })
  report(flags, host, { path, accountId: answers.accountId })
  return 0
}

/** A terminal that is closed ends the questions as Ctrl-C does; who listens for it dies of it, not of what Node makes of it. */
async function askUntilStopped(known: Parameters<typeof askAnswers>[0], host: Host): Promise<Answers> {
  const stop = new AbortController()
  const unlisten = host.onStop(() => stop.abort())
  try {
    return await askAnswers(known, host, stop.signal)
  } finally {
    unlisten()
  }
}

function refuseSandbox({ sandbox }: InitFlags): void {
  if (sandbox === undefined) return
  throw new UsageError('SandboxHasConfig', 'the sandbox has a configuration of its own and needs no file', {
    hint: 'see it with: llmgw --sandbox config; or leave out --sandbox',
  })
}

function asks(flags: InitFlags, host: Host): boolean {
  if (flags.yes) return false
  if (hasTerminal(flags, host)) return true
  throw new UsageError('NoTerminal', 'nobody can be asked here', {
    hint: 'llmgw init --region REGION --cluster NAME --yes',
  })
}

async function refuseExisting(path: string, named: string): Promise<void> {
  const there = await lstat(path).then(
    () => true,
    () => false,
  )
  if (there) throw exists(named)
}

function exists(named: string): UsageError {
  return new UsageError('FileExists', `${showText(named)} is there already, and is not overwritten`, {
    hint: 'write to another place with --file, or replace it with --force',
  })
}

async function write(
  path: string,
  text: string,
  { named, force }: { readonly named: string; readonly force: boolean },
): Promise<void> {
  const part = `${path}.${randomBytes(4).toString('hex')}.part`
  try {
    // Exclusive: a file that somebody else made in the meantime is not overwritten.
    await writeFile(force ? part : path, text, { flag: 'wx' })
    if (force) await rename(part, path)
  } catch (cause) {
    await rm(part, { force: true })
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw exists(named)
    throw new UsageError('FileUnwritable', `${showText(named)} cannot be written`, {
      cause,
      hint: 'make the folder, or name another place with --file',
    })
  }
}

function report(
  { output }: InitFlags,
  { stdout, cwd }: Host,
  { path, accountId }: { readonly path: string; readonly accountId: string | undefined },
): void {
  const pinned = accountId === undefined ? 'not pinned to an account' : `pinned to account ${accountId}`
  const shown = relative(cwd, path)
  const text = `wrote ${shown}, ${pinned}\nnext: llmgw validate, then llmgw plan\n`
  stdout.write(output === 'text' ? text : `${JSON.stringify({ file: path, accountId: accountId ?? null })}\n`)
}
