import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type ChartLock, parseChartLock } from '../adapters/charts/lock.ts'
import { UsageError } from '../errors.ts'
import { packageFile } from './package-root.ts'

/** Where charts come from; `mirror` has the shape of the configuration's `charts.mirror`. */
export interface ChartSource {
  readonly kind: 'upstream' | 'stand-in' | 'mirror'
  readonly mirror?:
    | { readonly kind: 'directory'; readonly path: string }
    | { readonly kind: 'http'; readonly url: string }
    | { readonly kind: 'oci'; readonly url: string; readonly plainHttp: boolean }
}

/** Whether the address answers in time. */
type Probe = (url: string, timeoutMs: number) => Promise<boolean>

const LOCK = ['helm-values', 'charts.lock.yaml'] as const
const ANSWER_WITHIN_MS = 2_000

/** Asks for the head of the file; any HTTP success counts as an answer, and a registry's wish for a login. */
const probeHttp: Probe = async (url, timeoutMs) => {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) })
    return response.ok || response.status === 401
  } catch {
    return false
  }
}

/** An address of each repository; all must answer, for half a platform helps nobody. A registry answers without a login, if only to ask for one. */
export function upstream(lock: ChartLock): readonly string[] {
  const addresses = Object.values(lock).map(({ repository }) => {
    const registry = /^oci:\/\/([^/]+)/.exec(repository)?.[1]
    return registry === undefined ? `${repository.replace(/\/+$/, '')}/index.yaml` : `https://${registry}/v2/`
  })
  return [...new Set(addresses)]
}

export interface ChartDemand {
  /** Folder in which the sandbox assembles its stand-in charts. */
  readonly standInDir: string
  readonly probe?: Probe
}

/**
 * @param choice `auto`, `upstream`, `stand-in`, a directory, or an http(s) or oci URL
 * @throws UsageError when it is none of these
 */
export async function resolveCharts(choice: string, demand: ChartDemand): Promise<ChartSource> {
  const standIn = { kind: 'stand-in', mirror: { kind: 'directory', path: demand.standInDir } } as const
  if (choice === 'upstream') return { kind: 'upstream' }
  if (choice === 'stand-in') return standIn
  if (choice === 'auto') {
    const probe = demand.probe ?? probeHttp
    const urls = upstream(parseChartLock(await readFile(packageFile(...LOCK), 'utf8')))
    const answers = await Promise.all(urls.map((url) => probe(url, ANSWER_WITHIN_MS)))
    return answers.every(Boolean) ? { kind: 'upstream' } : standIn
  }
  if (/^https?:\/\//.test(choice)) return { kind: 'mirror', mirror: { kind: 'http', url: choice } }
  if (choice.startsWith('oci://')) {
    // A registry on this machine is rarely served with a certificate.
    const plainHttp = /^oci:\/\/(127\.|localhost)/.test(choice)
    return { kind: 'mirror', mirror: { kind: 'oci', url: choice, plainHttp } }
  }
  if (/^[./~]/.test(choice) || choice.includes('/')) {
    return { kind: 'mirror', mirror: { kind: 'directory', path: resolve(choice) } }
  }
  throw new UsageError('UnknownChartSource', `charts of the sandbox: ${JSON.stringify(choice)} is no source`, {
    hint: 'use auto, upstream, stand-in, a directory (./charts) or an http(s):// or oci:// URL',
  })
}
