import { rcompare, valid } from 'semver'
import { parse } from 'yaml'
import * as z from 'zod'
import { PreflightError } from '../../errors.ts'
import type { LockedChart } from './lock.ts'
import { askRegistry, registryOf } from './registry.ts'

const DEADLINE_MS = 60_000
/** The largest index of a public repository has some 30 MB. */
const MOST_BYTES = 128 * 2 ** 20

const indexSchema = z.object({ entries: z.record(z.string(), z.array(z.object({ version: z.coerce.string() }))) })
const tagsSchema = z.object({ tags: z.array(z.string()).nullish() })

/**
 * Versions that a repository has of a chart, newest first, without pre-releases.
 * @throws PreflightError ChartUnavailable, ChartMissing
 */
export async function publishedVersions(
  { name, repository }: LockedChart,
  options: { readonly plainHttp?: boolean; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(DEADLINE_MS)])
  const found = await versionsIn({ name, repository }, { ...options, signal }).catch((error: unknown) => {
    options.signal.throwIfAborted()
    throw new PreflightError('ChartUnavailable', `could not ask ${repository} for versions of chart ${name}`, {
      cause: error,
      hint: 'check the network path, or set charts.mirror to a place that has it',
    })
  })
  const versions = found.filter((version) => valid(version) !== null && !version.includes('-')).sort(rcompare)
  if (versions.length > 0) return versions
  throw new PreflightError('ChartMissing', `${repository} has no version of chart ${name}`, {
    hint: 'compare name and repository with helm-values/charts.lock.yaml',
  })
}

async function versionsIn(
  { name, repository }: Pick<LockedChart, 'name' | 'repository'>,
  { plainHttp = false, signal }: { readonly plainHttp?: boolean; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const base = repository.replace(/\/+$/, '')
  if (base.startsWith('oci://')) {
    const { host, path } = registryOf(`${base.slice('oci://'.length)}/${name}`)
    const answer = await askRegistry({ host, plainHttp }, `${path}/tags/list?n=1000`, { signal })
    // A registry cannot write "+": Helm writes "_" in its place. Source: Helm documentation, "Use OCI-based registries".
    return (tagsSchema.parse(await answer.json()).tags ?? []).map((tag) => tag.replaceAll('_', '+'))
  }
  const answer = await fetch(`${base}/index.yaml`, { signal })
  if (!answer.ok) throw new Error(`${base}/index.yaml: HTTP ${answer.status}`)
  const text = await atMost(answer)
  return (indexSchema.parse(parse(text)).entries[name] ?? []).map(({ version }) => version)
}

/** The body as text. @throws when it is larger than any index is */
async function atMost(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > MOST_BYTES) throw new Error(`the index is larger than ${MOST_BYTES} bytes`)
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}
