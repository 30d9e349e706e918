import type { LoadedConfig } from '../../config/load.ts'
import { describeOrigin } from '../../config/origin.ts'
import { InvalidConfigError, type Problem } from '../../config/problem.ts'
import { LlmgwError } from '../../errors.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { loadOffline } from '../load-offline.ts'
import type { Finding } from './finding.ts'

/** The configuration, when it is one, and what is wrong with it. */
export interface CheckedConfiguration {
  readonly loaded: LoadedConfig | undefined
  readonly findings: readonly Finding[]
}

/**
 * Every problem of the configuration.
 * @throws ConfigError when there is none to check; PreflightError when `--sandbox` names none
 */
export async function checkConfiguration(flags: GlobalFlags, host: Host): Promise<CheckedConfiguration> {
  try {
    const loaded = await loadOffline(flags, host)
    return { loaded, findings: unpinned(loaded) }
  } catch (error) {
    if (error instanceof InvalidConfigError) return { loaded: undefined, findings: error.problems.map(problemFinding) }
    if (!(error instanceof LlmgwError) || error.code !== 'PinContradicted') throw error
    const { code, message, hint = '' } = error
    return { loaded: undefined, findings: [{ severity: 'error', code, file: 'environment', message, fix: hint }] }
  }
}

function problemFinding({ file, line, column, path, message }: Problem): Finding {
  return {
    severity: 'error',
    code: 'ConfigInvalid',
    file,
    ...(line === undefined ? {} : { line, column: column ?? 1 }),
    message: path ? `${path}: ${message}` : message,
    fix: fixOf(path ?? 'this', message),
  }
}

/** The sentence of a problem, turned into what to do. */
function fixOf(path: string, message: string): string {
  const near = /did you mean "([^"]+)"/.exec(message)?.[1]
  if (near !== undefined) return `write ${near}`
  const expected = /(?:^|; )expected (.+?)(?:, found .*)?$/.exec(message)?.[1]
  if (expected === undefined) return `correct ${path}`
  if (message.startsWith('is not a known key')) return `remove ${path}, or write ${expected}`
  return `${message.startsWith('is missing') ? 'add' : 'set'} ${path}: ${expected}`
}

function unpinned({ config, origins, file = 'configuration' }: LoadedConfig): readonly Finding[] {
  if (config.aws.accountId !== undefined) return []
  const region = origins.get('aws.region')
  return [
    {
      severity: 'warning',
      code: 'AccountNotPinned',
      ...(region?.kind === 'file' ? region : { file: region ? describeOrigin(region) : file }),
      message: 'aws.accountId is not set, so credentials of any account will be taken',
      fix: 'add aws.accountId: twelve digits, in quotes',
    },
  ]
}
