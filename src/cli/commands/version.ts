import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { VERSION } from '../version.ts'

/** `llmgw version`: this program and what it runs on; starts nothing. @returns exit code */
export async function version({ output }: GlobalFlags, host: Host): Promise<number> {
  const versions = { llmgw: VERSION, node: process.versions.node, platform: `${process.platform}-${process.arch}` }
  const text =
    output === 'text'
      ? Object.entries(versions)
          .map(([name, value]) => `${name} ${value}`)
          .join('\n')
      : JSON.stringify(versions)
  host.stdout.write(`${text}\n`)
  return 0
}
