import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { childEnvironment, type ShellEnvironment } from './environment.ts'
import { cacheDir, sandboxesDir } from './folders.ts'
import type { SandboxWorld } from './part.ts'
import type { Settings } from './settings.ts'

/** Which sandbox, seen from which shell. */
export interface SandboxOptions {
  /** 1 to 32 lower-case letters, digits and hyphens; `default` when absent. */
  readonly name?: string | undefined
  /** The caller's environment; only the composition root reads the real one. */
  readonly shell: ShellEnvironment
}

export interface Place {
  readonly name: string
  /** Folder of the sandbox. */
  readonly dir: string
  /** Folder of all sandboxes. */
  readonly sandboxes: string
  readonly cacheDir: string
  /** Held while the sandbox is brought up or down; outside `dir`, which `down` removes. */
  readonly lockFile: string
}

/** Where the sandbox of this name is, whether it exists or not. @throws UsageError when it cannot be a name */
export function placeOf({ name = 'default', shell }: SandboxOptions): Place {
  if (!/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) {
    throw new UsageError('SandboxName', `${JSON.stringify(name)} cannot name a sandbox`, {
      hint: 'use 1 to 32 lower-case letters, digits and hyphens',
    })
  }
  const sandboxes = sandboxesDir(shell)
  return {
    name,
    sandboxes,
    dir: join(sandboxes, name),
    cacheDir: cacheDir(shell),
    lockFile: join(sandboxes, `.${name}.lock`),
  }
}

/** What parts get: the settings, with places and the environment of this shell. */
export function worldOf(place: Place, settings: Settings, shell: ShellEnvironment): SandboxWorld {
  const { name, serviceRange, oidcIssuer, aws, tools, runtime, stages } = settings
  const isReal = runtime?.kind === 'process'
  return {
    name,
    dir: place.dir,
    kubeconfig: join(place.dir, 'kubeconfig'),
    serviceRange,
    oidcIssuer,
    aws,
    tools,
    programs: isReal ? runtime.programs : undefined,
    upstreamPort: isReal ? runtime.upstreamPort : undefined,
    stages,
    environment: childEnvironment(shell),
  }
}
