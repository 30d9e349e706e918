/** How a command ended, as `sandbox/runtime/guests.py` tells it. */
export type CommandEnd =
  | { readonly code: number }
  /** It could not be started. */
  | { readonly failed: string }

/** The part of a `Status` of Kubernetes that tells a client how its command ended. */
export interface ExecStatus {
  readonly metadata: object
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: 'NonZeroExitCode' | 'InternalError'
  readonly details?: { readonly causes: readonly { readonly reason?: string; readonly message: string }[] }
}

/** Source: k8s.io/cri-streaming/pkg/streaming/remotecommand, ServeExec; the words around `failed` are containerd's. */
export function execStatus(end: CommandEnd): ExecStatus {
  if ('failed' in end) {
    const message = `error executing command in container: failed to exec in container: failed to start exec: ${end.failed}`
    return {
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: ${message}`,
      reason: 'InternalError',
      details: { causes: [{ message }] },
    }
  }
  if (end.code === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: ${end.code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(end.code) }] },
  }
}
