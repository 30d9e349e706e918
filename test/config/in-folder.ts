import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoadedConfig, type LoadRequest, loadConfig } from '../../src/config/load.ts'

/** Loads a configuration in a folder of its own that holds this llmgw.yaml, or none. */
export async function loadIn(
  file: string | Uint8Array | undefined,
  request: Partial<LoadRequest> = {},
): Promise<LoadedConfig> {
  const cwd = await mkdtemp(join(tmpdir(), 'llmgw-config-'))
  try {
    if (file !== undefined) await writeFile(join(cwd, 'llmgw.yaml'), file)
    return await loadConfig({ cwd, env: {}, ...request })
  } finally {
    await rm(cwd, { recursive: true })
  }
}

/** A file that is right, with these lines added. */
export function fileWith(lines = ''): string {
  return `apiVersion: llmgw/v1\naws: { region: us-east-1, accountId: "123456789012" }\ncluster: { name: prod }\n${lines}`
}
