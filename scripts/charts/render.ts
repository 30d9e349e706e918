import type { HelmRunner } from '../../src/adapters/helm/runner.ts'
import type { ReleaseSpec } from '../../src/ports/index.ts'

/** A rendering, or why there is none. */
export type Rendering = { readonly text: string } | { readonly failure: string }

/** Version of Kubernetes that the sandbox runs. */
const KUBE_VERSION = '1.35.0'
const DEADLINE_MS = 300_000

/** `helm template` of a release from a packed chart, CRDs left out; values go in on standard input. */
export async function render(
  helm: HelmRunner,
  archive: string,
  { name, namespace, values }: Pick<ReleaseSpec, 'name' | 'namespace' | 'values'>,
): Promise<Rendering> {
  const args = ['template', name, archive, '--namespace', namespace, '--kube-version', KUBE_VERSION, '--values', '-']
  const { exitCode, stdout, stderr } = await helm.run({ args, input: JSON.stringify(values), timeoutMs: DEADLINE_MS })
  return exitCode === 0 ? { text: stdout } : { failure: stderr.trim() || `helm ended with ${exitCode}` }
}
