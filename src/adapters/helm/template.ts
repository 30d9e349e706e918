import type { ReleaseSpec } from '../../ports/index.ts'
import type { HelmRunner } from './runner.ts'

/** A rendering, or why there is none. */
export type Rendering = { readonly text: string } | { readonly failure: string }

/** Version of Kubernetes that the sandbox runs. */
const KUBE_VERSION = '1.35.0'
const DEADLINE_MS = 300_000

/** `helm template` of a release from a chart on this machine, CRDs left out; values go in on standard input. */
export async function render(
  helm: HelmRunner,
  chart: string,
  { name, namespace, values }: Pick<ReleaseSpec, 'name' | 'namespace' | 'values'>,
  signal?: AbortSignal,
): Promise<Rendering> {
  const args = ['template', name, chart, '--namespace', namespace, '--kube-version', KUBE_VERSION, '--values', '-']
  const input = JSON.stringify(values)
  const { exitCode, stdout, stderr } = await helm.run({ args, input, timeoutMs: DEADLINE_MS, signal })
  return exitCode === 0 ? { text: stdout } : { failure: stderr.trim() || `helm ended with ${exitCode}` }
}
