import { ConfigError } from '../../errors.ts'
import { askYesNo } from '../../ui/form.ts'
import type { World, WorldRequest } from '../world.ts'
import { hasTerminal } from './mode.ts'

/** Opens the world; where there is no configuration and somebody can be asked, offers to have one written first. */
export async function openWorld(request: WorldRequest & { readonly mayAsk: boolean }): Promise<World> {
  const { host } = request
  try {
    return await host.openWorld(request)
  } catch (error) {
    if (!(await writtenInstead(error, request))) throw error
    return await host.openWorld(request)
  }
}

async function writtenInstead(
  error: unknown,
  { flags, host, signal, mayAsk }: WorldRequest & { readonly mayAsk: boolean },
): Promise<boolean> {
  if (!(error instanceof ConfigError) || error.code !== 'ConfigMissing') return false
  if (!mayAsk || !hasTerminal(flags, host)) return false
  host.stdout.write('There is no llmgw.yaml here or above, and AWS_REGION and EKS_CLUSTER_NAME are not both set.\n')
  if (
    !(await askYesNo(
      { message: 'Answer a few questions and have one written?', default: true },
      { input: host.stdin, output: host.stdout, signal },
    ))
  )
    return false
  const { init } = await import('../commands/init.ts')
  await init({ ...flags, force: false, yes: false }, host)
  return true
}
