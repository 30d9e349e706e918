import type { Services, StepContext } from '../../src/ports/index.ts'

/** What a check may see. */
export type DoctorContext = Services & Pick<StepContext, 'signal'>

/** What was found before anything is changed. `could-not-look` is no verdict, `skip` does not apply here. */
export interface Finding {
  readonly result: 'pass' | 'warn' | 'fail' | 'skip' | 'could-not-look'
  /** What was looked at and found, or why it was not; never a secret value. */
  readonly evidence: string
  /** The next command, or what to change. */
  readonly fix?: string
}

/** A question about the ground that a deployment needs. Reads only; a throw means that it could not look. */
export interface DoctorCheck {
  readonly id: string
  readonly title: string
  /** What must answer for this check to be worth a try. */
  readonly asks: 'cluster' | 'aws' | 'charts'
  run(ctx: DoctorContext): Promise<Finding>
}
