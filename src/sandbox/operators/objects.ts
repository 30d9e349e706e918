/** The parts of Kubernetes objects that the operators' supervisor reads. */
interface Meta {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly deletionTimestamp?: string
}

interface Container {
  readonly name: string
  readonly image?: string
  readonly args?: readonly string[]
}

export interface Deployment {
  readonly metadata: Meta
  readonly spec: {
    readonly replicas?: number
    readonly template: {
      readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }
      readonly spec: {
        readonly serviceAccountName?: string
        readonly containers: readonly Container[]
        readonly volumes?: readonly { readonly secret?: { readonly secretName?: string } }[]
      }
    }
  }
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly running?: object
  }
}

export interface Pod {
  readonly metadata: Meta
  readonly spec: { readonly nodeName?: string; readonly containers: readonly Container[] }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly startTime?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

export interface Service {
  readonly metadata: Meta
  readonly spec: {
    readonly clusterIP?: string
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly { readonly port: number }[]
  }
}

export interface KubeSecret {
  readonly metadata: Meta
  readonly data?: Readonly<Record<string, string>>
}
