import type { KubeConnection } from '../../../src/adapters/kube/index.ts'
import { useSandbox } from '../../sandbox-under-test.ts'

/** The sandbox's API server; call it at the top of a file, the result only inside tests and hooks. */
export function useCluster(): () => KubeConnection {
  const sandbox = useSandbox()
  return () => {
    const { kubeconfig, context } = sandbox.connection
    return { kind: 'kubeconfig', path: kubeconfig, context }
  }
}
