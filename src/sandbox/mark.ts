import * as processes from '../adapters/process-identity.ts'

/** Environment variable by which every process of a sandbox is recognised; its value is the sandbox's folder. */
export const MARK = 'LLMGW_SANDBOX_DIR'

const markOf = (dir: string): string => `${MARK}=${dir}`

/** The live process of this pid, when it belongs to the sandbox in this folder. */
export async function identifyOwn(pid: number, dir: string): Promise<processes.ProcessIdentity | undefined> {
  return await processes.identifyMarked(pid, markOf(dir))
}

/** All live processes of the sandbox in this folder: also those whose pid file was lost. */
export async function findOwn(dir: string): Promise<readonly processes.ProcessIdentity[]> {
  return await processes.findMarked(markOf(dir))
}
