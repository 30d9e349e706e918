import { checkbox, confirm, input, select } from '@inquirer/prompts'
import { asked, type PromptContext } from './prompts.ts'

interface TextQuestion {
  readonly message: string
  readonly default?: string | undefined
  /** What is wrong with it; undefined when nothing is. */
  readonly fault: (text: string) => string | undefined
}

/**
 * A line of text, asked again until nothing is wrong with it.
 * @throws AbortedError on Ctrl-C
 */
export async function askText(question: TextQuestion, context?: PromptContext): Promise<string> {
  const validate = (text: string): true | string => question.fault(text.trim()) ?? true
  const { message } = question
  const options =
    question.default === undefined ? { message, validate } : { message, validate, default: question.default }
  return (await asked(() => input(options, context))).trim()
}

interface ListQuestion<Value> {
  readonly message: string
  readonly choices: readonly { readonly name: string; readonly value: Value }[]
}

/**
 * One of a list.
 * @throws AbortedError on Ctrl-C
 */
export async function askOne<Value>(
  question: ListQuestion<Value> & { readonly default?: Value | undefined },
  context?: PromptContext,
): Promise<Value> {
  const { message, choices, default: first } = question
  const options = first === undefined ? { message, choices } : { message, choices, default: first }
  return await asked(() => select<Value>(options, context))
}

/**
 * Any of a list; all are chosen at first.
 * @throws AbortedError on Ctrl-C
 */
export async function askSeveral<Value>(question: ListQuestion<Value>, context?: PromptContext): Promise<Value[]> {
  const choices = question.choices.map((choice) => ({ ...choice, checked: true }))
  return await asked(() => checkbox<Value>({ message: question.message, choices }, context))
}

/**
 * Yes or no.
 * @throws AbortedError on Ctrl-C
 */
export async function askYesNo(
  question: { readonly message: string; readonly default: boolean },
  context?: PromptContext,
): Promise<boolean> {
  return await asked(() => confirm(question, context))
}
