/** Something in LiteLLM's configuration that LiteLLM itself would take, and that fails later. */
export interface ProxyFault {
  /** `warning`: it works, but perhaps not as meant. */
  readonly severity: 'error' | 'warning'
  readonly code: string
  /** Place in LiteLLM's configuration, e.g. `model_list[0].litellm_params.model`. */
  readonly path: string
  readonly message: string
  readonly fix: string
}

export type Tree = Readonly<Record<string, unknown>>

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What there is to check. */
export interface Subject {
  /** The whole configuration file. */
  readonly proxy: Tree
  /** Variables that the pod has. */
  readonly variables: ReadonlySet<string>
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly facts: Facts
}

/** What LiteLLM knows, and until when models are there. */
export interface Facts {
  readonly version: string
  readonly sections: readonly string[]
  readonly general_settings: readonly string[]
  readonly litellm_settings: readonly string[]
  readonly router_settings: readonly string[]
  readonly providers: readonly string[]
  readonly callbacks: readonly string[]
  /** Last day, `2026-09-10`, by Bedrock model id without a geography. */
  readonly lifecycle: Readonly<Record<string, string>>
}
