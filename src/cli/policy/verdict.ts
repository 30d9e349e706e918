/** An object that a policy is broken by. */
export interface Verdict {
  readonly policy: string
  /** `Deployment litellm/app` */
  readonly object: string
  readonly message: string
}
