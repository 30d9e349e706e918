import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PreflightError } from '../../errors.ts'
import { officialFile } from './cache.ts'
import { openUrl } from './http-get.ts'
import type { ToolName } from './pins.ts'
import { byteProgress } from './progress.ts'
import { listedDigest, type Release } from './releases.ts'
import { fetchText, NotPublished, reasonOf, type Surroundings, transfer } from './transfer.ts'
import { unpackMember } from './unpack.ts'
import { fits, versionOf } from './version.ts'

const ANSWER_WITHIN_MS = 3_000

/** Which hosts do not answer, and why; every host is asked once, all at the same time, and any answer of HTTP counts. */
export async function silentHosts(
  releases: readonly Release[],
  { environment, signal }: Surroundings,
  withinMs = ANSWER_WITHIN_MS,
): Promise<ReadonlyMap<string, string>> {
  const hosts = new Map(releases.flatMap((release) => addressesOf(release).map((url) => [hostOf(url), url] as const)))
  const asked = await Promise.all(
    [...hosts].map(async ([host, url]) => {
      const patience = AbortSignal.timeout(withinMs)
      try {
        const answer = await openUrl(url, { environment, signal: AbortSignal.any([signal, patience]), stay: true })
        answer.destroy()
        return undefined
      } catch (error) {
        signal.throwIfAborted()
        return [host, patience.aborted ? `no answer within ${withinMs / 1000} s` : reasonOf(error)] as const
      }
    }),
  )
  return new Map(asked.filter((entry) => entry !== undefined))
}

const addressesOf = ({ url, checksumsUrl }: Release): readonly string[] => [url, checksumsUrl]

/** Host and port of an address. */
const hostOf = (url: string): string => new URL(url).host

/** Hosts that a release needs. */
export const hostsOf = (release: Release): readonly string[] => [...new Set(addressesOf(release).map(hostOf))]

export interface Downloaded {
  readonly tool: ToolName
  /** Where it is now, or why it could not be had. */
  readonly outcome: { readonly path: string; readonly url: string } | { readonly reason: string }
}

export interface DownloadContext extends Surroundings {
  readonly environment: Readonly<Record<string, string>>
  readonly cacheDir: string
  readonly report: (line: string) => void
}

type ByteProgress = ReturnType<typeof byteProgress>

/**
 * Fetches releases into the cache, all at once, each compared with its publisher's checksum before it may run.
 * @throws PreflightError when a digest differs: that is no accident to be worked around
 */
export async function downloadReleases(
  releases: readonly Release[],
  context: DownloadContext,
): Promise<readonly Downloaded[]> {
  if (releases.length === 0) return []
  const refused = new AbortController()
  const together = { ...context, signal: AbortSignal.any([context.signal, refused.signal]) }
  const progress = byteProgress(releases.length, context.report)
  const all = releases.map((release) =>
    downloadOne(release, together, progress).catch((error: unknown) => {
      refused.abort(error)
      throw error
    }),
  )
  await Promise.allSettled(all)
  if (refused.signal.aborted) throw refused.signal.reason
  return await Promise.all(all)
}

async function downloadOne(release: Release, context: DownloadContext, progress: ByteProgress): Promise<Downloaded> {
  const { tool, url } = release
  const file = officialFile(context.cacheDir, tool)
  const parent = join(context.cacheDir, 'tools')
  await mkdir(parent, { recursive: true })
  const workshop = await mkdtemp(join(parent, `.downloading-${tool}-`))
  try {
    const program = await fetchProgram(release, workshop, { context, progress })
    const version = await versionOf(tool, program, context.environment)
    if (!fits(tool, version))
      return { tool, outcome: { reason: `${url} gives ${version ?? 'nothing that runs here'}` } }
    await mkdir(dirname(file), { recursive: true })
    await rename(program, file)
    return { tool, outcome: { path: file, url } }
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof PreflightError) throw error
    return { tool, outcome: { reason: error instanceof NotPublished ? error.message : `${url}: ${reasonOf(error)}` } }
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

async function fetchProgram(
  { tool, url, checksumsUrl, member }: Release,
  workshop: string,
  { context, progress }: { readonly context: DownloadContext; readonly progress: ByteProgress },
): Promise<string> {
  const expected = listedDigest(await fetchText(checksumsUrl, context), url)
  if (expected === undefined) throw new NotPublished(`${checksumsUrl} lists no digest of ${url}`)
  const { algorithm } = expected
  const file = join(workshop, 'download')
  const found = await transfer({ ...context, ...progress(), url, file, algorithm, onRetry: context.report })
  if (found !== expected.value) {
    throw new PreflightError(
      'SandboxDownloadChecksum',
      `${url} has ${algorithm} ${found}, its publisher lists ${expected.value} in ${checksumsUrl}`,
      { hint: 'something between the publisher and this machine changes it; to build from source: --tools build' },
    )
  }
  const program = join(workshop, tool)
  if (member === undefined) await rename(file, program)
  else await unpackMember(file, member, program)
  await chmod(program, 0o755)
  return program
}
