import { access, constants, readdir } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/** The helm binary: named by `LLMGW_HELM`, on PATH, or among the tools that the sandbox has built. */
export async function findHelm(env: Readonly<Record<string, string | undefined>>, cacheDir: string): Promise<string> {
  if (env.LLMGW_HELM) return env.LLMGW_HELM
  const folders = (env.PATH ?? '').split(delimiter).filter(isAbsolute)
  const built = join(cacheDir, 'tools', 'helm')
  const keys = await readdir(built).catch(() => [])
  const candidates = [...folders, ...keys.map((key) => join(built, key))].map((folder) => join(folder, 'helm'))
  for (const path of candidates) if (await isExecutable(path)) return path
  // Its start fails with what to install.
  return 'helm'
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
