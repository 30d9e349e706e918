import { readFileSync } from 'node:fs'
import { packageFile } from '../package-root.ts'

/** How the External Secrets controller is made from its Go module; the data is `sandbox/go/external-secrets/module.json`. */
export interface ControllerPin {
  readonly module: string
  /** Without a leading `v`. */
  readonly version: string
  /** Checksum as `go.sum` writes it. */
  readonly sum: string
  /** File of the module -> our file that takes its place. */
  readonly overwrite: Readonly<Record<string, string>>
  readonly edit: { readonly file: string; readonly why: string; readonly find: string; readonly replace: string }
  /** Folder of the module that holds its CRDs. */
  readonly crds: string
}

/** Folder of the pin and of the files that it names. */
export const controllerPinDir = (): string => packageFile('sandbox', 'go', 'external-secrets')

export function readControllerPin(): ControllerPin {
  return JSON.parse(readFileSync(`${controllerPinDir()}/module.json`, 'utf8')) as ControllerPin
}
