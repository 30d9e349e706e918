import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { GlobalFlags } from './flags.ts'
import type { Host } from './host.ts'
import { sandboxConfig } from './sandbox-world.ts'

/**
 * The configuration that a command with these flags would work with; starts nothing and connects to nothing.
 * @throws ConfigError, PreflightError (a pin contradicted; `--sandbox` where there is no sandbox)
 */
export async function loadOffline(flags: GlobalFlags, host: Host): Promise<LoadedConfig> {
  const request = { file: flags.config, cwd: host.cwd, env: host.env }
  if (flags.sandbox === undefined) return await loadConfig(request)
  const { connection } = await import('../sandbox/index.ts')
  const builtIn = sandboxConfig(await connection({ name: flags.sandbox, shell: host.env }))
  return await loadConfig({ ...request, builtIn })
}
