import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChartSource } from './charts.ts'
import type { SandboxWorld } from './part.ts'
import type { Programs } from './runtime/programs.ts'

const FORMAT = 1
const REGION = 'us-east-1'

/** Where a tool is from, as `status` tells it. */
export interface ToolSource {
  readonly version: string
  readonly origin: string
}

/** How pods run. */
export type Runtime =
  | { readonly kind: 'simulated' }
  | { readonly kind: 'process'; readonly programs: Programs; readonly upstreamPort: number }

/** What `up` decided when it made the sandbox, and every later command reads. */
export interface Settings {
  readonly format: typeof FORMAT
  readonly name: string
  readonly serviceRange: string
  readonly oidcIssuer: string
  readonly aws: SandboxWorld['aws']
  readonly tools: Readonly<Record<string, string>>
  /** By tool; absent in what an earlier version wrote. */
  readonly origins?: Readonly<Record<string, ToolSource>>
  readonly charts: ChartSource
  /** Whether real processes stand behind Pods of known images; absent = simulated. */
  readonly runtime?: Runtime
  /** Folder with kwok Stages in place of ours of the same file name. */
  readonly stages?: string | undefined
}

/** The issuer that EKS would show for a cluster of this name; ids have 32 hexadecimal digits. */
export function oidcIssuer(name: string): string {
  const id = createHash('sha256').update(`llmgw sandbox ${name}`).digest('hex').slice(0, 32).toUpperCase()
  return `https://oidc.eks.${REGION}.amazonaws.com/id/${id}`
}

/** The sandbox's AWS account: fixed, fake, and an administrator's in the emulator only. */
export function fakeAccount(port: number): SandboxWorld['aws'] {
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    accountId: '123456789012',
    accessKeyId: 'AKIASANDBOXADMIN0000',
    secretAccessKey: 'sandbox/only/fake/key/of/the/aws/emulator',
    clusterName: 'sandbox',
  }
}

const settingsFile = (dir: string): string => join(dir, 'sandbox.json')

/** The settings of the sandbox in this folder, or undefined when there is none (or one that another version wrote). */
export async function readSettings(dir: string): Promise<Settings | undefined> {
  const text = await readFile(settingsFile(dir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const settings = JSON.parse(text) as Settings
  return settings.format === FORMAT ? settings : undefined
}

/** Writes the settings whole or not at all. */
export async function writeSettings(dir: string, settings: Settings): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const temporary = `${settingsFile(dir)}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, settingsFile(dir))
}

/** Settings of every sandbox in this folder. */
export async function listSettings(sandboxes: string): Promise<readonly Settings[]> {
  const names = await readdir(sandboxes).catch(() => [])
  const all = await Promise.all(names.map((name) => readSettings(join(sandboxes, name)).catch(() => undefined)))
  return all.filter((settings) => settings !== undefined)
}
