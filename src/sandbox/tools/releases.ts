import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { packageFile } from '../package-root.ts'
import { type ModuleName, PINS, TOOLS, type ToolName } from './pins.ts'

/** `sandbox/releases.json`: addresses with `{version}`, `{os}`, `{arch}` and `{tool}` in them. */
interface ReleasePins {
  /** Node's name of an architecture -> the publishers'. */
  readonly architectures: Readonly<Record<string, string>>
  readonly modules: Readonly<
    Record<ModuleName, { readonly file: string; readonly checksums: string; readonly member?: string }>
  >
}

/** A tool as its publisher offers it. */
export interface Release {
  readonly tool: ToolName
  readonly version: string
  readonly url: string
  /** Lists the digest of what `url` gives. */
  readonly checksumsUrl: string
  /** Path of the program in the archive that `url` gives; absent when it gives the program itself. */
  readonly member?: string
}

export interface ReleaseDemand {
  /** Serves everything in place of the publishers, as `<mirror>/<host>/<path>`. */
  readonly mirror?: string | undefined
  readonly platform?: string
  readonly arch?: string
}

/** The official release of the pinned version for this machine, or undefined where its publisher has none. */
export function releaseOf(tool: ToolName, demand: ReleaseDemand = {}): Release | undefined {
  const { mirror, platform = process.platform, arch = process.arch } = demand
  const pins = JSON.parse(readFileSync(packageFile('sandbox', 'releases.json'), 'utf8')) as ReleasePins
  const { module } = TOOLS[tool]
  const published = pins.architectures[arch]
  if (platform !== 'linux' || published === undefined) return undefined
  const { version } = PINS[module]
  const values: Readonly<Record<string, string>> = { version, os: platform, arch: published, tool }
  const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  const { file, checksums, member } = pins.modules[module]
  return {
    tool,
    version,
    url: inMirror(fill(file), mirror),
    checksumsUrl: inMirror(fill(checksums), mirror),
    ...(member === undefined ? {} : { member: fill(member) }),
  }
}

function inMirror(address: string, mirror: string | undefined): string {
  return mirror === undefined ? address : `${mirror.replace(/\/+$/, '')}/${address.replace(/^https:\/\//, '')}`
}

export interface Digest {
  readonly algorithm: 'sha256' | 'sha512'
  /** Hexadecimal, lower case. */
  readonly value: string
}

const digestOf = (hex: string): Digest => ({
  algorithm: hex.length === 64 ? 'sha256' : 'sha512',
  value: hex.toLowerCase(),
})

/**
 * The digest that a publisher lists for the file of this address, or undefined when it lists none.
 * @param text `sha256sum`'s lines, a bare digest, or GitHub's record of a release, whose `digest` GitHub computed at the
 *   upload: kwok publishes no file of checksums. Source: https://docs.github.com/rest/releases/releases
 */
export function listedDigest(text: string, url: string): Digest | undefined {
  const name = basename(new URL(url).pathname)
  if (text.trimStart().startsWith('{')) return inReleaseRecord(text, name)
  const bare = /^\s*([0-9a-f]{64}|[0-9a-f]{128})\s*$/i.exec(text)?.[1]
  if (bare !== undefined) return digestOf(bare)
  const lines = text.split('\n').map((line) => /^([0-9a-f]{64}|[0-9a-f]{128})\s+\*?(\S+)\s*$/i.exec(line))
  const hex = lines.find((line) => line !== null && basename(line[2] ?? '') === name)?.[1]
  return hex === undefined ? undefined : digestOf(hex)
}

function inReleaseRecord(text: string, name: string): Digest | undefined {
  const { assets = [] } = JSON.parse(text) as { assets?: readonly { name?: string; digest?: string | null }[] }
  const hex = /^sha256:([0-9a-f]{64})$/i.exec(assets.find((asset) => asset.name === name)?.digest ?? '')?.[1]
  return hex === undefined ? undefined : digestOf(hex)
}
