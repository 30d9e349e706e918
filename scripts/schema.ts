// Writes the JSON Schemas of llmgw.yaml, of the event stream and of plans; tests hold the files up to date.
import { writeFile } from 'node:fs/promises'
import { fileSchema } from '../src/config/json-schema.ts'
import { eventJsonSchema } from '../src/ui/event-schema.ts'
import { planJsonSchema } from '../src/ui/plan-schema.ts'

const publish = (name: string, schema: unknown): Promise<void> =>
  writeFile(new URL(`../docs/${name}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`)

await publish('llmgw.schema.json', fileSchema())
await publish('events.schema.json', eventJsonSchema('published'))
await publish('plan.schema.json', planJsonSchema())
