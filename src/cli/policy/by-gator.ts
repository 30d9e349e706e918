import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { POLICIES } from '../../../steps/policies/catalog.ts'
import { type Paper, wantedConstraint, wantedTemplate } from '../../../steps/policies/wanted.ts'
import { gatorTest } from '../../adapters/gator/gator.ts'
import type { Verdict } from './verdict.ts'

interface Judging {
  readonly binary: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** What gator says about files, under the policies of the configuration; all of them, whatever is done about violations. */
export async function judgedByGator(
  paper: Paper,
  files: readonly string[],
  { binary, env, signal }: Judging,
): Promise<readonly Verdict[]> {
  const folder = await mkdtemp(join(tmpdir(), 'llmgw-policies-'))
  try {
    const policies = POLICIES.filter(({ name }) => !isOff(paper, name))
    const documents = await Promise.all(
      policies.flatMap((policy) => [wantedTemplate(paper, policy), wantedConstraint(paper, policy, undefined)]),
    )
    const ours = join(folder, 'policies.yaml')
    await writeFile(ours, documents.map((document) => stringify(document)).join('---\n'), { mode: 0o600 })
    const found = await gatorTest(binary, [ours, ...files], { env, signal })
    return found.map(({ constraint, kind, namespace, name, message }) => ({
      policy: constraint.replace(/^llmgw-/, ''),
      object: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
      message,
    }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function isOff({ config: { policies } }: Paper, name: (typeof POLICIES)[number]['name']): boolean {
  return policies.kind === 'gatekeeper' && policies.overrides[name] === 'off'
}
