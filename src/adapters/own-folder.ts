import { PreflightError } from '../errors.ts'

/**
 * Runs `work`, which writes below a folder of ours (cache, run files).
 * @throws PreflightError FolderUnwritable in the place of the system's error: no room, no permission, no such device
 */
export async function inOwnFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new PreflightError('FolderUnwritable', `what a run needs cannot be written to ${folder}`, {
      cause: error.message,
      hint: 'make room there, or name other folders with XDG_CACHE_HOME and XDG_RUNTIME_DIR',
    })
  }
}
