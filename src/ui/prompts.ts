import { confirm, input, password } from '@inquirer/prompts'
import type { Answer } from '../engine/decide.ts'
import type { StepState } from '../engine/step.ts'
import { AbortedError } from '../errors.ts'
import { redact, Secret } from '../secret.ts'
import { type KeyChoice, singleKey } from './single-key.ts'

/** Where a prompt reads and writes, and what cancels it; the terminal when absent. */
export interface PromptContext {
  readonly input?: NodeJS.ReadableStream
  readonly output?: NodeJS.WritableStream
  readonly signal?: AbortSignal
}

export interface ComponentQuestion {
  readonly component: string
  readonly state: StepState
  /** A few words about the state; may be empty. */
  readonly detail: string
  readonly default: 'skip' | 'proceed'
  /** Prints state, plan and diff of the component; the question is then asked again. */
  readonly view: () => void | Promise<void>
}

const CHOICES: readonly KeyChoice<Answer | 'view' | 'quit'>[] = [
  { key: 's', name: 'Skip', value: 'skip' },
  { key: 'p', name: 'Proceed', value: 'proceed' },
  { key: 'v', name: 'View', value: 'view' },
  { key: 'a', name: 'Auto', value: 'auto' },
  { key: 'q', name: 'Quit', value: 'quit' },
]

/**
 * S, P, V, A, Q about a component that exists.
 * @throws AbortedError on Q and Ctrl-C
 */
export async function askComponent(question: ComponentQuestion, context?: PromptContext): Promise<Answer> {
  const detail = question.detail === '' ? '' : ` (${question.detail})`
  const message = redact(`${question.component} is ${question.state}${detail}`)
  for (;;) {
    const value = await asked(() =>
      singleKey({ message, choices: CHOICES, default: question.default === 'skip' ? 's' : 'p' }, context),
    )
    const choice = CHOICES.find((known) => known.value === value)?.value
    if (choice === 'quit' || choice === undefined) throw new AbortedError('Declined', 'stopped; nothing was changed')
    if (choice !== 'view') return choice
    await question.view()
  }
}

export interface PlanQuestion {
  readonly accountId: string
  readonly region: string
  readonly clusterName: string
  /** What will be done, e.g. `2 to create, 1 to update`. */
  readonly changes: string
}

/**
 * The one confirmation before anything is changed; the default is no.
 * @throws AbortedError when declined
 */
export async function confirmPlan(question: PlanQuestion, context?: PromptContext): Promise<void> {
  const { accountId, region, clusterName, changes } = question
  const message = redact(`Cluster ${clusterName}, account ${accountId}, ${region}: ${changes}. Go on?`)
  const yes = await asked(() => confirm({ message, default: false }, context))
  if (!yes) throw new AbortedError('Declined', 'declined; nothing was changed')
}

/**
 * Whether to mend what was just told; the default is no.
 * @throws AbortedError when declined
 */
export async function confirmRepairs(count: number, context?: PromptContext): Promise<void> {
  const message = count === 1 ? 'Mend this?' : `Mend these ${count}?`
  const yes = await asked(() => confirm({ message, default: false }, context))
  if (!yes) throw new AbortedError('Declined', 'declined; nothing was changed')
}

export interface TypedQuestion {
  /** What will be lost. */
  readonly message: string
  /** What has to be typed, e.g. the name of the deployment. */
  readonly expected: string
}

/**
 * A confirmation that has to be typed out.
 * @throws AbortedError when something else was typed
 */
export async function confirmTyped(question: TypedQuestion, context?: PromptContext): Promise<void> {
  const message = redact(`${question.message} Type "${question.expected}" to go on:`)
  const typed = await asked(() => input({ message }, context))
  if (typed.trim() === question.expected) return
  throw new AbortedError('Declined', `"${question.expected}" was not typed; nothing was changed`)
}

/**
 * A value that is not shown while it is typed; asked again while it is empty.
 * @throws AbortedError on Ctrl-C
 */
export async function askHidden(question: { readonly message: string }, context?: PromptContext): Promise<Secret> {
  const validate = (value: string): true | string => (value.trim() === '' ? 'a value is needed' : true)
  const value = await asked(() => password({ message: question.message, mask: false, validate }, context))
  return new Secret(value.trim())
}

const STOPPED: ReadonlySet<string> = new Set(['ExitPromptError', 'AbortPromptError', 'CancelPromptError'])

/**
 * Ctrl-C in a prompt is a decision of the user, not a failure.
 * @throws AbortedError on Ctrl-C
 */
export async function asked<T>(prompt: () => Promise<T>): Promise<T> {
  try {
    return await prompt()
  } catch (error) {
    if (!(error instanceof Error) || !STOPPED.has(error.name)) throw error
    throw new AbortedError('Cancelled', 'stopped; nothing was changed', { cause: error })
  }
}
