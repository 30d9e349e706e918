// Writes the JSON Schema of llmgw.yaml for editors; a test holds the file up to date.
import { writeFile } from 'node:fs/promises'
import { fileSchema } from '../src/config/json-schema.ts'

await writeFile(new URL('../docs/llmgw.schema.json', import.meta.url), `${JSON.stringify(fileSchema(), null, 2)}\n`)
