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

/** Something that mends a finding, takes nothing from anybody, and can be taken back. */
export interface Repair {
  /** What it will do, as it is told before. */
  readonly words: string
  run(): Promise<void>
}

/** A question about the ground that a deployment needs. Reads only; a throw means that it could not look. */
export interface DoctorCheck {
  readonly id: string
  readonly title: string
  /** What must answer for this check to be worth a try. */
  readonly asks: 'cluster' | 'aws' | 'charts'
  run(ctx: DoctorContext): Promise<Finding>
  /** How to mend what `run` found bad, where that is safe; undefined where it is not. Reads only until it is run. */
  repair?(ctx: DoctorContext): Promise<Repair | undefined>
}
