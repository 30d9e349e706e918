import { messageIn } from '../../../steps/litellm/ask-model.ts'
import { ConfigError, StepError } from '../../errors.ts'
import type { LookFlags } from '../flags.ts'
import { chosenModel, type Reached, reachGateway } from '../gateway/reach.ts'
import type { Host } from '../host.ts'
import { type Session, withSession } from '../run/session.ts'

export interface ChatFlags extends LookFlags {
  readonly model?: string
  readonly endpoint?: string
  readonly maxTokens?: number
}

const PATH = '/v1/chat/completions'

/** `llmgw chat QUESTION`: one call through what is deployed, its answer as it comes. @returns exit code */
export async function chat(question: string, flags: ChatFlags, host: Host): Promise<number> {
  return await withSession({ command: 'chat', flags: { ...flags, deep: false }, host }, async (session) => {
    const model = chosenModel(session, flags.model)
    if (model === undefined) {
      throw new ConfigError('NoModels', 'the configuration has no models to ask', { hint: 'add one under models:' })
    }
    const reached = await reachGateway(session, flags.endpoint)
    await session.stage.close()
    const limit = flags.maxTokens === undefined ? {} : { max_tokens: flags.maxTokens }
    const body = { model, messages: [{ role: 'user', content: question }], ...limit }
    if (flags.output === 'text') await show(reached, body, host)
    else await print(session, reached, body)
    return 0
  })
}

interface Question {
  readonly model: string
}

/** The answer piece by piece, on standard output; who gives it, on standard error. */
async function show({ client, key }: Reached, body: Question, host: Host): Promise<void> {
  host.stderr.write(`${body.model} through ${client.title}\n`)
  let answer = ''
  for await (const piece of client.stream({ path: PATH, body: { ...body, stream: true }, key })) {
    answer += piece
    host.stdout.write(piece)
  }
  host.stdout.write('\n')
  if (answer !== '') return
  throw new StepError('EmptyAnswer', `${body.model} answered nothing`, { hint: 'llmgw test models' })
}

async function print(session: Session, { client, key }: Reached, body: Question): Promise<void> {
  const { status, text } = await client.call({ path: PATH, body, key })
  if (status !== 200) {
    throw new StepError('GatewayRefused', `the gateway answers ${status}`, { cause: messageIn(text) })
  }
  session.printJson({ gateway: client.title, ...(JSON.parse(text) as object) })
}
