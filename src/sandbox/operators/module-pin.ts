import { readFileSync } from 'node:fs'
import { packageFile } from '../package-root.ts'

interface Edit {
  readonly file: string
  readonly why: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** How the programs of an operator are made from its Go module; the data is `sandbox/go/<tool>/module.json`. */
export interface ModulePin {
  readonly module: string
  /** Without a leading `v`. */
  readonly version: string
  /** Checksum as `go.sum` writes it. */
  readonly sum: string
  /** Oldest Go that builds it: the directive of its go.mod. */
  readonly go: string
  /** CPU seconds of a build with empty Go caches. */
  readonly cpuSeconds: number
  /** Program -> package; the first is the operator itself. */
  readonly programs: Readonly<Record<string, string>>
  readonly ldflags: string
  /** File of the module -> our file that takes its place. */
  readonly overwrite: Readonly<Record<string, string>>
  readonly edits: readonly Edit[]
  /** Folder of the module -> folder beside the programs, e.g. its CRDs. */
  readonly keep: Readonly<Record<string, string>>
}

/** Folder of the pin and of the files that it names. */
export const modulePinDir = (tool: string): string => packageFile('sandbox', 'go', tool)

export function readModulePin(tool: string): ModulePin {
  return JSON.parse(readFileSync(`${modulePinDir(tool)}/module.json`, 'utf8')) as ModulePin
}
