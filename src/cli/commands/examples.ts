import { UsageError } from '../../errors.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { loadOffline } from '../load-offline.ts'

const LANGUAGES: Readonly<Record<string, (model: string, endpoint: string) => string>> = {
  curl: (model, endpoint) => `curl -sS ${endpoint}/v1/chat/completions \\
  -H "Authorization: Bearer $LLMGW_API_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"model": ${JSON.stringify(model)}, "messages": [{"role": "user", "content": "What is 2+2?"}]}'
`,
  python: (model, endpoint) => `# pip install openai
import os

from openai import OpenAI

client = OpenAI(base_url="${endpoint}/v1", api_key=os.environ["LLMGW_API_KEY"])
stream = client.chat.completions.create(
    model=${JSON.stringify(model)},
    messages=[{"role": "user", "content": "What is 2+2?"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
`,
  node: (model, endpoint) => `// npm install openai
import OpenAI from 'openai'

const client = new OpenAI({ baseURL: '${endpoint}/v1', apiKey: process.env.LLMGW_API_KEY })
const stream = await client.chat.completions.create({
  model: ${JSON.stringify(model)},
  messages: [{ role: 'user', content: 'What is 2+2?' }],
  stream: true,
})
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '')
process.stdout.write('\\n')
`,
}

export interface ExamplesFlags extends GlobalFlags {
  readonly model?: string
  readonly endpoint: string
}

/** `llmgw examples curl | python | node`: a program that calls the gateway, with a model of this configuration. @returns exit code */
export async function examples(language: string, flags: ExamplesFlags, host: Host): Promise<number> {
  const write = LANGUAGES[language]
  if (write === undefined) {
    throw new UsageError('UnknownExample', `there is no example in ${JSON.stringify(language)}`, {
      hint: `use one of ${Object.keys(LANGUAGES).join(', ')}`,
    })
  }
  const { config } = await loadOffline(flags, host)
  const model = flags.model ?? config.models[0]?.name ?? 'MODEL'
  host.stdout.write(write(model, flags.endpoint.replace(/\/+$/, '')))
  return 0
}
