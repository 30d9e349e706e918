/** A shell's environment, as `process.env` has it. */
export type ShellEnvironment = Readonly<Record<string, string | undefined>>

/** Would send a tool to another cluster, account or build than the sandbox's. */
const MISLEADING =
  /^(KUBECONFIG|KUBERNETES_.*|HELM_.*|AWS_.*|BOTO_.*|KWOK_.*|ETCD_.*|ETCDCTL_.*|GO(FLAGS|OS|ARCH|WORK|EXPERIMENT|ROOT|AMD64|ARM64)|GO111MODULE|CGO_.*|PYTHON.*|VIRTUAL_ENV|NODE_OPTIONS)$/

/** The environment that children of the sandbox get: the caller's, without what would mislead a tool. */
export function childEnvironment(shell: ShellEnvironment): Readonly<Record<string, string>> {
  const kept = Object.entries(shell).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !MISLEADING.test(entry[0]),
  )
  return Object.fromEntries(kept)
}
