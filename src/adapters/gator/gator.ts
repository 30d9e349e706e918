import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { execa } from 'execa'
import { StepError } from '../../errors.ts'

/** What gator says of one object. */
export interface GatorViolation {
  readonly constraint: string
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
  readonly message: string
}

/** What its JSON holds, as far as we read it. Source: gatekeeper, pkg/gator/test. */
interface Result {
  readonly msg: string
  readonly constraint: { readonly metadata: { readonly name: string } }
  readonly violatingObject: {
    readonly kind: string
    readonly metadata?: { readonly name?: string; readonly generateName?: string; readonly namespace?: string }
  }
}

/** gator on PATH (absolute folders only), or undefined. */
export async function findGator(env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(isAbsolute)) {
    const path = join(folder, 'gator')
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

/**
 * Evaluates files against templates and constraints, which are files, too; needs no cluster.
 * @throws StepError GatorFailed with its last words when it could not evaluate them
 */
export async function gatorTest(
  binary: string,
  files: readonly string[],
  { env, signal }: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<readonly GatorViolation[]> {
  const args = ['test', '--output', 'json', ...files.flatMap((file) => ['--filename', file])]
  const { PATH = '', HOME = '' } = env
  const { stdout, stderr, exitCode, shortMessage } = await execa(binary, args, {
    env: { PATH, HOME },
    extendEnv: false,
    // It would read manifests from an open pipe.
    stdin: 'ignore',
    reject: false,
    cancelSignal: signal,
  })
  signal.throwIfAborted()
  const results = parsed(stdout)
  // Exit code 1 also stands for violations: only JSON tells.
  if (results !== undefined && (exitCode === 0 || exitCode === 1)) return results.map(violation)
  throw new StepError('GatorFailed', `gator could not evaluate ${files.length} files`, {
    cause: stderr.trim().split('\n').at(-1) || shortMessage,
    hint: 'check that the file holds Kubernetes objects, in YAML or JSON',
  })
}

function parsed(stdout: string): readonly Result[] | undefined {
  try {
    return (JSON.parse(stdout === '' ? '[]' : stdout) ?? []) as readonly Result[]
  } catch {
    return undefined
  }
}

function violation({ msg, constraint, violatingObject: { kind, metadata = {} } }: Result): GatorViolation {
  const { name, generateName, namespace } = metadata
  return { constraint: constraint.metadata.name, kind, namespace, name: name ?? generateName ?? '', message: msg }
}
