import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ShellEnvironment } from './environment.ts'

const home = (shell: ShellEnvironment): string => shell.HOME || homedir()

/** Where all sandboxes of this user live, a folder each. */
export function sandboxesDir(shell: ShellEnvironment): string {
  return join(shell.XDG_STATE_HOME || join(home(shell), '.local', 'state'), 'llmgw', 'sandboxes')
}

/** Where built tools are kept between sandboxes; may be deleted at any time. */
export function cacheDir(shell: ShellEnvironment): string {
  return join(shell.XDG_CACHE_HOME || join(home(shell), '.cache'), 'llmgw')
}
