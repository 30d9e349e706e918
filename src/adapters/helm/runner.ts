import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { coerce, gte } from 'semver'
import { PreflightError } from '../../errors.ts'
import { inOwnFolder } from '../own-folder.ts'
import { lastMeaningfulLine } from './errors.ts'

/** Oldest Helm whose server-side apply and `--wait=hookOnly` we rely on. */
const OLDEST = '4.1.0'
/** After SIGTERM helm marks the revision failed; then it is killed. */
const GRACE_MS = 10_000
const VERSION_DEADLINE_MS = 30_000

/** Variables that helm, a proxy in between or a credential plugin of the kubeconfig need; nothing else is passed on. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_(FILE|DIR)|AWS_\w+|DOCKER_CONFIG|https?_proxy|no_proxy)$/i

/** One call of helm. */
export interface HelmCall {
  readonly args: readonly string[]
  /** Values, as standard input. */
  readonly input?: string
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number
  /** Further variables, e.g. the mark by which an orphan is recognised. */
  readonly env?: Readonly<Record<string, string>>
  readonly started?: (pid: number) => Promise<void>
}

export interface HelmResult {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Starts helm; the only one who does. */
export interface HelmRunner {
  /** Ends with the result whatever the exit code; rejects when aborted, and when helm is missing or too old. */
  run(call: HelmCall): Promise<HelmResult>
  /** Its version, e.g. `4.1.3`; starts helm once. @throws PreflightError HelmMissing, HelmTooOld */
  version(): Promise<string>
}

/** Variables for a helm process: no HELM_*, no KUBECONFIG, helm's folders below `home`. */
function cleanEnvironment(env: Readonly<Record<string, string | undefined>>, home: string): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value !== undefined && PASSED_ON.test(name) ? [[name, value]] : [],
  )
  return {
    ...Object.fromEntries(kept),
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
    KUBECACHEDIR: join(home, 'kube-cache'),
  }
}

const isMissing = (result: { readonly code?: string | undefined }): boolean =>
  'code' in result && (result.code === 'ENOENT' || result.code === 'EACCES')

function missing(binary: string): PreflightError {
  return new PreflightError('HelmMissing', `helm ${OLDEST} or newer is needed, and "${binary}" cannot be started`, {
    hint: 'install Helm 4: https://helm.sh/docs/intro/install',
  })
}

const ASK_VERSION = ['version', '--template', '{{.Version}}']

async function checkVersion(binary: string, env: Record<string, string>): Promise<string> {
  const result = await execa(binary, ASK_VERSION, {
    env,
    extendEnv: false,
    reject: false,
    timeout: VERSION_DEADLINE_MS,
  })
  if (isMissing(result)) throw missing(binary)
  const found = coerce(result.stdout)
  if (result.exitCode !== 0 || found === null) {
    throw new PreflightError('HelmMissing', `"${binary}" does not tell a Helm version`, {
      cause: lastMeaningfulLine(result.stderr),
      hint: 'install Helm 4: https://helm.sh/docs/intro/install',
    })
  }
  if (gte(found, OLDEST)) return found.version
  throw new PreflightError('HelmTooOld', `helm ${OLDEST} or newer is needed, "${binary}" is ${found.version}`, {
    hint: 'install Helm 4: https://helm.sh/docs/intro/install',
  })
}

/**
 * @param options.home folder for helm's own cache, configuration and data
 * @param options.env the environment to pick from, usually `process.env`
 */
export function createHelmRunner(options: {
  readonly binary: string
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told the arguments of each process, just before it is started. */
  readonly starting?: (args: readonly string[]) => void
}): HelmRunner {
  const { binary, home, starting = () => undefined } = options
  const env = cleanEnvironment(options.env, home)
  let checked: Promise<string> | undefined
  const version = (): Promise<string> => {
    checked ??= inOwnFolder(home, () => mkdir(home, { recursive: true, mode: 0o700 })).then(() => {
      starting(ASK_VERSION)
      return checkVersion(binary, env)
    })
    return checked
  }
  return {
    version,
    async run(call) {
      call.signal?.throwIfAborted()
      await version()
      starting(call.args)
      const child = execa(binary, [...call.args], {
        env: { ...env, ...call.env },
        extendEnv: false,
        reject: false,
        // Ctrl-C in the terminal is ours to judge: helm gets a signal only from us.
        detached: true,
        input: call.input ?? '',
        forceKillAfterDelay: GRACE_MS,
        ...(call.signal && { cancelSignal: call.signal }),
        ...(call.timeoutMs !== undefined && { timeout: call.timeoutMs }),
      })
      if (child.pid !== undefined) await call.started?.(child.pid)
      const result = await child
      if (isMissing(result)) throw missing(binary)
      call.signal?.throwIfAborted()
      const { exitCode, stdout, stderr, timedOut } = result
      return { exitCode, stdout, stderr: timedOut ? `${stderr}\nError: timed out waiting for helm to end` : stderr }
    },
  }
}
