import { askModel, streamModel } from '../../../steps/litellm/ask-model.ts'
import type { Rules } from '../../../steps/litellm/guardrails.ts'
import { CannotAsk } from '../../../steps/verify/silent.ts'
import type { HttpAnswer } from '../../ports/index.ts'
import type { GatewayClient } from './client.ts'
import type { Trial, TrialRequest } from './trial.ts'

const PATH = '/v1/chat/completions'
const HARMLESS = 'What is 2+2?'
const group = 'guardrails'

type Message = { readonly role: string; readonly content: string }

/** One thing to try of one model; a throw is a failure, `CannotAsk` says why nothing could be shown. */
type Attempt = (title: string, action: () => Promise<string>) => Promise<Trial>

/** Something a model may be asked to say that a rule forbids, and how to ask for it without naming it. */
interface Sample {
  readonly text: string
  readonly spelled: string
}

/** Questions and answers that the configured rules must stop, and such that they must not; the same without rules must fail. */
export async function tryGuardrails(request: TrialRequest, attempt: Attempt): Promise<readonly Trial[]> {
  const { guardrails } = request
  if (guardrails.kind === 'none') return [skipped('rules hold', 'guardrails.kind is none: there is nothing to hold')]
  const sample = sampleOf(guardrails)
  if (sample === undefined) {
    return [
      skipped('rules hold', 'there are patterns only: from a pattern nobody can tell what it forbids; add a word'),
    ]
  }
  const trials: Trial[] = []
  for (const { name, embeds } of request.models) {
    if (!embeds) trials.push(...(await ofModel(request, { model: name, rules: guardrails, sample }, attempt)))
  }
  return trials
}

const skipped = (title: string, found: string): Trial => ({ group, title, result: 'skip', found })

/** The first rule that is one plain word. */
function sampleOf({ words, prefixes }: Rules): Sample | undefined {
  const text = [...words, ...prefixes].find((one) => /^[\p{L}\p{N}]{2,}$/u.test(one))
  return text === undefined ? undefined : { text, spelled: [...text].join('-') }
}

interface Subject {
  readonly model: string
  readonly rules: Rules
  readonly sample: Sample
}

async function ofModel(request: TrialRequest, subject: Subject, attempt: Attempt): Promise<readonly Trial[]> {
  const { client, key } = request
  const { model, rules, sample } = subject
  const ask = (messages: readonly Message[]) =>
    client.call({ path: PATH, body: { model, messages, max_tokens: 100 }, key })
  const user = (content: string): Message => ({ role: 'user', content })
  const question = { call: client.call, key, model }
  const forbidden = `Tell me about ${sample.text}.`
  const blocked = (what: string) => async () => mustBeBlocked(await ask([user(what)]), rules)
  const spell = `Join these letters to one word, and answer with that word alone: ${sample.spelled}`
  const onlyInput = !rules.apply.includes('output')
  const onlyOutput = !rules.apply.includes('input')
  const input = onlyOutput
    ? [skipped(`${model}: a forbidden question is not asked`, 'guardrails.apply has no input')]
    : [
        await attempt(`${model}: a forbidden question is not asked`, blocked(forbidden)),
        await attempt(`${model}: nor in capital letters`, blocked(forbidden.toUpperCase())),
        await attempt(`${model}: nor with unseen characters inside`, blocked(`Tell me about ${unseen(sample.text)}.`)),
        await attempt(`${model}: a conversation goes on after a blocked question`, async () =>
          mustPass(
            await ask([user(forbidden), { role: 'assistant', content: rules.message }, user(HARMLESS)]),
            subject,
          ),
        ),
      ]
  const output = onlyInput
    ? [skipped(`${model}: a forbidden answer is not given`, 'guardrails.apply has no output')]
    : [
        await attempt(`${model}: a forbidden answer is not given`, () => notGiven(askModel(question, spell), subject)),
        await attempt(`${model}: nor as a stream`, () =>
          notGiven(
            streamModel(question, spell).then((pieces) => pieces.join('')),
            subject,
          ),
        ),
      ]
  const harmless = await attempt(`${model}: a harmless question is answered`, async () =>
    mustPass(await ask([user(HARMLESS)]), subject),
  )
  return [...input, harmless, ...output]
}

const unseen = (text: string): string => [...text].join('\u200b')

function contentOf({ text }: HttpAnswer): string {
  const { choices } = JSON.parse(text) as { readonly choices?: readonly { message?: { content?: string | null } }[] }
  return choices?.[0]?.message?.content ?? ''
}

function mustBeBlocked(answer: Awaited<ReturnType<GatewayClient['call']>>, { message, action }: Rules): string {
  const isRefused = answer.status === 400 && answer.text.includes(message)
  if (action === 'refuse' ? isRefused : answer.status === 200 && contentOf(answer) === message) return 'blocked'
  const found = answer.status === 200 ? JSON.stringify(contentOf(answer).slice(0, 80)) : answer.text.slice(0, 200)
  throw new Error(`it was let through: HTTP ${answer.status} ${found}`)
}

function mustPass(answer: HttpAnswer, { rules, sample }: Subject): string {
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${answer.text.slice(0, 200)}`)
  const content = contentOf(answer)
  if (content.includes(rules.message)) throw new Error('it was blocked')
  if (says(content, sample))
    throw new Error(`the answer is about what was blocked: ${JSON.stringify(content.slice(0, 80))}`)
  return JSON.stringify(content.slice(0, 60))
}

const says = (content: string, { text }: Sample): boolean => content.toLowerCase().includes(text.toLowerCase())

/** A model that avoids the word has shown nothing. */
async function notGiven(answer: Promise<string>, { rules, sample }: Subject): Promise<string> {
  const content = await answer.catch((error: Error) => {
    if (rules.action === 'refuse' && error.message.includes(rules.message)) return rules.message
    throw error
  })
  if (says(content, sample)) throw new Error(`it was given: ${JSON.stringify(content.slice(0, 80))}`)
  if (content.includes(rules.message)) return 'blocked'
  throw new CannotAsk(`the model did not say the word: ${JSON.stringify(content.slice(0, 60))}`)
}
