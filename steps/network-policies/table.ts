import type { ComponentName, Config } from '../../src/config/schema.ts'

/** Pods that are alike to the network. */
export interface Party {
  /** Names its policy: `llmgw-<id>`. */
  readonly id: string
  readonly component: ComponentName
  readonly namespace: keyof Config['namespaces']
  /** Labels that its pods carry, and no others in the namespace. */
  readonly pods: Readonly<Record<string, string>>
  /** Ports on which it serves metrics, for Prometheus. */
  readonly metrics?: readonly number[]
  /** Whether this configuration has such pods; always, when left out. */
  readonly wanted?: (config: Config) => boolean
}

/** What is no pod of ours. */
export type Outside =
  | 'cluster-dns'
  | 'api-server'
  | 'nodes'
  | 'internet'
  | 'database'
  | 'gateway-clients'
  | 'ui-clients'
  | `namespace ${string}`

export interface Port {
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
}

/** Who opens connections to whom. */
export interface Flow {
  readonly from: Party | Outside
  readonly to: Party | Outside
  /** Ports of the pods, not of the Service before them; empty = any. */
  readonly ports: readonly Port[]
}

/** What a component brings to the table. */
export interface Share {
  readonly parties: readonly Party[]
  readonly flows: (config: Config) => readonly Flow[]
}

export const tcp = (...ports: readonly number[]): readonly Port[] => ports.map((port) => ({ protocol: 'TCP', port }))
export const udp = (...ports: readonly number[]): readonly Port[] => ports.map((port) => ({ protocol: 'UDP', port }))

/** AWS, model providers, login providers and the API server all speak TLS. */
export const HTTPS = tcp(443)
