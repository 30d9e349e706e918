import { readFile } from 'node:fs/promises'
import { modelsIn } from './datamodel.ts'
import { failure } from './failure.ts'
import { serve } from './server.ts'
import { loadEngine } from './wasm-engine.ts'

/** The commit of Prisma's engines that version 5.17.0 is made of. Source: npm package @prisma/engines-version. */
const VERSION = '393aa359c9ad4a4bb28630fb5613f9c281cde053'

/** Source: Prisma's engines, query-engine/query-engine: options and variables of the binary. */
async function start(port: number, environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const { DATABASE_URL, OVERWRITE_DATASOURCES, PRISMA_DML_PATH, LLMGW_PRISMA_HOME } = environment
  if (PRISMA_DML_PATH === undefined || LLMGW_PRISMA_HOME === undefined) {
    throw new Error('PRISMA_DML_PATH and LLMGW_PRISMA_HOME must be set')
  }
  const url = new URL(overwritten(OVERWRITE_DATASOURCES) ?? DATABASE_URL ?? '')
  const schema = await readFile(PRISMA_DML_PATH, 'utf8')
  const loaded = await loadEngine({ home: LLMGW_PRISMA_HOME, schema, url, environment })
  await loaded.engine.connect('{}')
  // The binary connects before it listens, and ends where it cannot.
  await Promise.resolve(loaded.pool.query('SELECT 1')).catch((error: unknown) => {
    throw new Error(failure(error, url).errors[0]?.error)
  })
  serve({ ...loaded, models: modelsIn(schema), url }).listen(port, '127.0.0.1')
}

/** The client may give another address than the environment has. */
function overwritten(datasources: string | undefined): string | undefined {
  const [first] = JSON.parse(datasources ?? '[]') as { readonly url?: string }[]
  return first?.url
}

const words = process.argv.slice(2)
if (words.includes('--version')) {
  process.stdout.write(`query-engine ${VERSION}\n`)
} else {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => process.exit(0))
  // biome-ignore lint/style/noProcessEnv: this is a program of its own, started inside a Pod.
  await start(Number(words[words.indexOf('-p') + 1]), process.env).catch((error: unknown) => {
    process.stderr.write(`query engine: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
