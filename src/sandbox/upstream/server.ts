import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { BEDROCK_ERRORS, converse, converseStream, invoke } from './bedrock.ts'
import { type Fault, type FaultPlan, faultPlan } from './faults.ts'
import { DISCOVERY_PATH, IDENTITY_PROVIDER } from './identity.ts'
import { chatCompletion, embeddings, OPENAI_ERRORS } from './openai.ts'
import { type Call, sendJson } from './reply.ts'

/** One call, as `GET /llmgw-sandbox/calls` lists it; never its content. */
interface Recorded {
  readonly path: string
  readonly model: string
  readonly fault: Fault['kind'] | undefined
}

const KEPT_CALLS = 1_000
const SLOW_MS = 10_000

/**
 * Models of the sandbox: the OpenAI and the Bedrock shape with answers that depend only on the question.
 * `POST` and `DELETE /llmgw-sandbox/faults` order faults, `GET /llmgw-sandbox/calls` tells what was called. It also describes an
 * identity provider to the programs behind pods.
 */
export function modelServer(): Server {
  const faults = faultPlan()
  const calls: Recorded[] = []
  const record = (call: Recorded): void => {
    calls.push(call)
    if (calls.length > KEPT_CALLS) calls.shift()
  }
  return createServer((request, response) => {
    answer(request, response, { faults, calls, record }).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendJson(response, 400, { message: error instanceof Error ? error.message : String(error) })
    })
  })
}

interface State {
  readonly faults: FaultPlan
  readonly calls: readonly Recorded[]
  readonly record: (call: Recorded) => void
}

async function answer(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://upstream').pathname
  if (path.startsWith('/llmgw-sandbox/')) return await control(request, response, { path, ...state })
  const body = JSON.parse((await text(request)) || '{}') as Call['body']
  const call = { path, body, response }
  const { shape, model, serve, streams } = endpoint(call)
  const fault = state.faults.take(model)
  state.record({ path, model, fault: fault?.kind })
  if (fault?.kind === 'slow') await sleep(fault.delayMs ?? SLOW_MS)
  if (refuse(response, shape, fault)) return
  if (fault?.kind === 'cut' && !streams) response.destroy()
  else await serve(fault)
}

interface Endpoint {
  readonly shape: 'bedrock' | 'openai'
  readonly model: string
  readonly streams: boolean
  readonly serve: (fault: Fault | undefined) => Promise<void>
}

function endpoint(call: Call): Endpoint {
  const [, id, action] = /^\/model\/([^/]+)\/(converse|converse-stream|invoke)$/.exec(call.path) ?? []
  if (id !== undefined) {
    const model = decodeURIComponent(id)
    const served: Readonly<Record<string, Endpoint['serve']>> = {
      converse: async () => await converse(model, call),
      'converse-stream': async (fault) => await converseStream(model, call, fault),
      invoke: async () => await invoke(model, call),
    }
    const serve = served[action ?? ''] ?? served.converse
    return { shape: 'bedrock', model, streams: action === 'converse-stream', serve: serve ?? unknownTo(call) }
  }
  const served: Readonly<Record<string, Endpoint['serve']>> = {
    '/v1/chat/completions': async (fault) => await chatCompletion(call, fault),
    '/v1/embeddings': async () => await embeddings(call),
  }
  const { model, stream } = call.body
  return {
    shape: 'openai',
    model: String(model ?? ''),
    streams: stream === true,
    serve: served[call.path] ?? unknownTo(call),
  }
}

const unknownTo =
  ({ path, response }: Call): Endpoint['serve'] =>
  async () => {
    const error = { message: `the sandbox's models do not serve ${path}`, type: 'not_found_error' }
    sendJson(response, 404, { error })
  }

function refuse(response: ServerResponse, shape: 'bedrock' | 'openai', fault: Fault | undefined): boolean {
  const [status, type, message] = (shape === 'bedrock' ? BEDROCK_ERRORS : OPENAI_ERRORS)[fault?.kind ?? ''] ?? []
  if (status === undefined) return false
  if (shape === 'bedrock') sendJson(response, status, { message }, { 'x-amzn-errortype': type })
  else sendJson(response, status, { error: { message, type, code: null } })
  return true
}

async function control(
  request: IncomingMessage,
  response: ServerResponse,
  { path, faults, calls }: State & { readonly path: string },
): Promise<void> {
  if (path === '/llmgw-sandbox/health') return sendJson(response, 200, { serves: 'models' })
  if (path === DISCOVERY_PATH) return sendJson(response, 200, IDENTITY_PROVIDER)
  if (path === '/llmgw-sandbox/calls') return sendJson(response, 200, { calls })
  if (path !== '/llmgw-sandbox/faults') return sendJson(response, 404, {})
  if (request.method === 'POST') faults.order(JSON.parse(await text(request)))
  if (request.method === 'DELETE') faults.clear()
  sendJson(response, 200, { faults: faults.list() })
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
