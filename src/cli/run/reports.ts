import { access, appendFile, constants, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { RunEvent } from '../../engine/events.ts'
import { UsageError } from '../../errors.ts'
import { renderAnnotations, renderStepSummary } from '../../ui/github-actions.ts'
import { renderJunit } from '../../ui/junit.ts'
import { type RunRecord, recorded } from '../../ui/run-record.ts'
import type { Host } from '../host.ts'
import { renderError } from '../render-error.ts'
import { type Platform, pasteable } from './pasteable.ts'

/** Files and lines about a run for other programs, written at its end. */
export interface Reports {
  readonly onEvent: (event: RunEvent) => void
  /** @returns false when a file that was asked for could not be written, which has been told then */
  finish(error?: unknown): Promise<boolean>
}

export interface ReportsRequest {
  readonly command: string
  readonly flags: { readonly junit?: string; readonly sandbox?: string }
  readonly host: Host
}

/**
 * What `--junit` and GitHub Actions' variables ask for.
 * @throws UsageError when the JUnit file cannot be written, before anything else is done
 */
export async function openReports({ command, flags, host }: ReportsRequest): Promise<Reports> {
  const junit = flags.junit === undefined ? undefined : resolve(host.cwd, flags.junit)
  if (junit !== undefined) await checkPlace(junit)
  let record: RunRecord = { command, startedAt: Date.now(), elapsedMs: 0, steps: [], checks: [], warnings: [] }
  return {
    onEvent: (event) => {
      record = recorded(record, event)
    },
    finish: async (error) => {
      const told = error === undefined ? record : { ...record, error: errorOf(error, flags) }
      await reportToGithub(told, host)
      return junit === undefined ? true : await written(junit, renderJunit(told), host)
    },
  }
}

function errorOf(thrown: unknown, platform: Platform) {
  const { code, message, cause, hint } = renderError(thrown, { debug: false })
  return {
    code,
    message,
    ...(cause === undefined ? {} : { cause }),
    ...(hint === undefined ? {} : { hint: pasteable(hint, platform) }),
  }
}

async function checkPlace(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK)
    if (!(await stat(file).catch(() => undefined))?.isDirectory()) return
  } catch (error) {
    throw notWritable(file, error)
  }
  throw notWritable(file, 'it is a folder')
}

function notWritable(file: string, cause: unknown): UsageError {
  return new UsageError('JunitFile', `--junit: ${file} cannot be written`, {
    cause,
    hint: 'name a file in a folder that exists and may be written to',
  })
}

/** A reader finds the old file, or the whole new one. */
async function written(file: string, text: string, host: Host): Promise<boolean> {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await writeFile(temporary, text)
    await rename(temporary, file)
    return true
  } catch (error) {
    await rm(temporary, { force: true })
    host.stderr.write(`error: ${file} was not written\n  cause: ${renderError(error, { debug: false }).message}\n`)
    return false
  }
}

/** Annotations go to standard error, which GitHub reads too: standard output may be data. */
async function reportToGithub(record: RunRecord, { env, stderr }: Host): Promise<void> {
  if (env.GITHUB_ACTIONS !== 'true') return
  for (const line of renderAnnotations(record)) stderr.write(`${line}\n`)
  if (!env.GITHUB_STEP_SUMMARY) return
  try {
    await appendFile(env.GITHUB_STEP_SUMMARY, renderStepSummary(record))
  } catch (error) {
    stderr.write(`warning: no step summary: ${renderError(error, { debug: false }).message}\n`)
  }
}
