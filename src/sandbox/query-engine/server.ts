import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Models } from './datamodel.ts'
import { failure } from './failure.ts'
import { type Asked, type JsonObject, readQuery } from './graphql.ts'
import { fromEngine, toEngine } from './protocol.ts'
import type { Loaded } from './wasm-engine.ts'

export interface Serving extends Loaded {
  readonly models: Models
  readonly url: URL
}

interface Answer {
  readonly data: JsonObject
  readonly errors?: readonly object[]
}

/** The HTTP interface of Prisma's binary query engine. Source: prisma-client-py 0.11, its engine folder. */
export function serve(serving: Serving): Server {
  return createServer((request, response) => {
    answer(serving, request)
      .catch((error: unknown) => failure(error, serving.url))
      .then((told) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(typeof told === 'string' ? told : JSON.stringify(told))
      })
      .catch(() => response.destroy())
  })
}

const TRANSACTION = /^\/transaction\/([^/]+)\/(commit|rollback)$/

async function answer(serving: Serving, request: IncomingMessage): Promise<object | string> {
  const { url = '/', headers } = request
  const body = await text(request)
  if (url === '/status') return { status: 'ok' }
  if (url.startsWith('/metrics')) return {}
  if (url === '/transaction/start') return await startTransaction(serving, body)
  const [, id, end] = TRANSACTION.exec(url) ?? []
  if (id !== undefined) return await endTransaction(serving, id, end === 'commit')
  const asked = JSON.parse(body) as { query: string } | Batch
  const transaction = headers['x-transaction-id']?.toString()
  return 'batch' in asked ? await askAll(serving, asked, transaction) : await ask(serving, asked.query, transaction)
}

async function startTransaction({ engine, ...serving }: Serving, body: string): Promise<object> {
  const { max_wait = 2_000, timeout = 5_000, isolation_level } = JSON.parse(body || '{}') as Record<string, unknown>
  const options = JSON.stringify({ max_wait, timeout, isolation_level })
  return explained(JSON.parse(await engine.startTransaction(options, '{}')), serving)
}

async function endTransaction({ engine, ...serving }: Serving, id: string, commits: boolean): Promise<object> {
  const ended = commits ? await engine.commitTransaction(id, '{}') : await engine.rollbackTransaction(id, '{}')
  return explained(JSON.parse(ended || '{}'), serving)
}

async function ask(serving: Serving, query: string, transaction: string | undefined): Promise<object> {
  const { engine, parse, models } = serving
  const asked = readQuery(parse, query)
  const answered = JSON.parse(await engine.query(JSON.stringify(toEngine(asked, models)), '{}', transaction)) as Answer
  return shaped(asked, answered, serving)
}

interface Batch {
  readonly batch: readonly { readonly query: string }[]
  readonly transaction?: boolean
}

async function askAll(serving: Serving, { batch, transaction }: Batch, within: string | undefined): Promise<object> {
  const { engine, parse, models } = serving
  const asked = batch.map(({ query }) => readQuery(parse, query))
  const body = JSON.stringify({
    batch: asked.map((one) => toEngine(one, models)),
    ...(transaction === true && { transaction: {} }),
  })
  const answered = JSON.parse(await engine.query(body, '{}', within)) as Answer & { batchResult?: readonly Answer[] }
  const { batchResult } = answered
  if (batchResult === undefined) return explained(answered, serving)
  return {
    batchResult: asked.map((one, index) => shaped(one, batchResult[index] ?? answered, serving)),
    extensions: [],
  }
}

const shaped = (asked: Asked, answered: Answer, serving: Pick<Serving, 'errorOf' | 'url'>): object =>
  answered.errors === undefined ? fromEngine(asked, answered) : explained(answered, serving)

/** A failure of the driver reaches the engine as a number only; here it gets its words back. */
function explained(answered: object, { errorOf, url }: Pick<Serving, 'errorOf' | 'url'>): object {
  const id = /"id":(\d+)/.exec(hasFailed(answered) ? JSON.stringify(answered) : '')?.[1]
  const error = id === undefined ? undefined : errorOf(Number(id))
  return error === undefined ? answered : failure(error, url)
}

const hasFailed = (answered: object): boolean => 'errors' in answered || 'error_code' in answered
