/** Something that carries the mark of the deployment and that its configuration no longer wants. */
export interface Orphan {
  /** Kind and full name, as changes name it. */
  readonly target: string
  /** Why it is never removed, with the command that would; absent = removed on request. */
  readonly kept?: string
}
