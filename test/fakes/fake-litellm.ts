import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'

interface Kept {
  readonly key_alias: string
  readonly models: readonly string[]
  readonly status: string
  readonly key_type?: string
  readonly created_at?: string
}

/** What may be wrong with it. */
interface Faults {
  ready: boolean
  db: 'connected' | 'disconnected'
  tables: boolean
  /** It lists keys and makes none. */
  readOnly: boolean
  /** What /cache/ping says. */
  cache: string | undefined
  /** How many connections to Redis it keeps that a restart has cut. */
  cutConnections: number
  /** Every answer is a new one. */
  forgetful: boolean
  /** Anybody may list models. */
  open: boolean
  /** Whoever brings a token is let in, whoever signed it. */
  trusting: boolean
  /** The identity provider does not tell it its keys. */
  keyless: boolean
  models: readonly string[]
  /** As an older one, it tells of no key whether it works. */
  reticent: boolean
  /** Addresses that are answered with 500. */
  readonly broken: Set<string>
  /** Why a model does not answer, by its name. */
  readonly refusals: Map<string, string>
  metrics: readonly string[]
  guardrails: readonly string[]
}

export interface FakeLitellm {
  readonly serve: RequestListener
  readonly serveMetrics: RequestListener
  /** Keys by digest of their value. */
  readonly keys: Map<string, Kept>
  readonly faults: Faults
  /** Addresses that were asked, in order. */
  readonly asked: string[]
  readonly writes: string[]
  /** From now on it knows another master key. */
  refuse(): void
}

const digest = (value: string) => createHash('sha256').update(value).digest('hex')
const asDigest = (key: string) => (key.startsWith('sk-') ? digest(key) : key)

/** Of the platform preset. */
export const MODELS = ['claude-sonnet', 'claude-haiku', 'nova-lite']

/** After a call, as LiteLLM 1.104 has them. */
const METRICS = [
  'litellm_llm_api_latency_metric_bucket',
  'litellm_request_total_latency_metric_bucket',
  'litellm_in_flight_requests',
  'litellm_spend_metric_total',
  'litellm_input_tokens_metric_total',
  'litellm_output_tokens_metric_total',
  'litellm_deployment_success_responses_total',
  'litellm_deployment_total_requests_total',
  'litellm_proxy_total_requests_metric_total',
]

type Answer = readonly [status: number, body: unknown]
type Body = Readonly<Record<string, unknown>>

/** Of a database that was never migrated. */
const NO_TABLES: Answer = [500, { error: { message: 'The table `public.LiteLLM_VerificationToken` does not exist' } }]

/** LiteLLM's API, as far as it is used: in memory. */
export function fakeLitellm(masterKey: () => string | undefined): FakeLitellm {
  const keys = new Map<string, Kept>()
  const asked: string[] = []
  const writes: string[] = []
  const faults: Faults = {
    ready: true,
    db: 'connected',
    tables: true,
    readOnly: false,
    cache: undefined,
    cutConnections: 0,
    forgetful: false,
    open: false,
    trusting: false,
    keyless: false,
    models: MODELS,
    reticent: false,
    broken: new Set(),
    refusals: new Map(),
    metrics: METRICS,
    guardrails: ['llmgw-rules'],
  }
  let refusing = false
  let answers = 0
  let made = 0
  const forget = (body: Body): Answer => {
    const { key_aliases: names = [] } = body as Readonly<Record<string, readonly string[]>>
    for (const [id, { key_alias }] of keys) if (names.includes(key_alias)) keys.delete(id)
    return [200, { deleted_keys: names }]
  }
  const act = (path: string, body: Body): Answer => {
    writes.push(path)
    if (path === '/key/delete') return forget(body)
    if (faults.readOnly) return [500, { error: { message: 'cannot execute INSERT in a read-only transaction' } }]
    made += 1
    const key = String(body.key ?? `sk-made-up-by-litellm-${made}`)
    const id = asDigest(key)
    const taken = [...keys].some(([other, { key_alias }]) => other !== id && key_alias === body.key_alias)
    if (taken) return [400, { error: { message: `Key with alias '${body.key_alias}' already exists.` } }]
    const { key: _given, blocked: __, ...rest } = body
    const madeAt = new Date(made * 1_000).toISOString()
    keys.set(id, { created_at: madeAt, ...keys.get(id), ...(rest as unknown as Kept), status: 'active' })
    return [200, { key }]
  }
  const seen = new Map<string, string>()
  const chat = (body: Body): Answer => {
    const model = String(body.model)
    const refusal = faults.refusals.get(model)
    if (refusal !== undefined) return [400, { error: { message: refusal } }]
    if (body.stream)
      return [200, `data: ${JSON.stringify({ choices: [{ delta: { content: 'Blue' } }] })}\n\ndata: [DONE]\n\n`]
    const question = JSON.stringify(body)
    answers += 1
    const id = (faults.forgetful ? undefined : seen.get(question)) ?? `chatcmpl-${answers}`
    seen.set(question, id)
    return [200, { id, choices: [{ message: { content: 'Blue' } }] }]
  }
  const unkeyed: Readonly<Record<string, () => Answer>> = {
    '/health/liveliness': () => [200, '"alive"'],
    '/health/readiness': () => [faults.ready ? 200 : 503, { status: 'healthy', db: faults.db }],
  }
  const administrators: Readonly<Record<string, (url: URL, body: Body) => Answer>> = {
    '/key/info': (url) => {
      if (!faults.tables) return NO_TABLES
      const found = keys.get(url.searchParams.get('key') ?? '')
      return found
        ? [200, { info: { ...found, ...(faults.reticent && { status: undefined }) } }]
        : [404, { error: { message: 'Key not found in database' } }]
    },
    '/key/list': () => (faults.tables ? [200, { keys: [...keys.values()], total_pages: 1 }] : NO_TABLES),
    '/cache/ping': () => {
      const cut = faults.cutConnections > 0
      if (cut) faults.cutConnections -= 1
      return [
        faults.cache === undefined && !cut ? 200 : 503,
        { error: { message: JSON.stringify({ message: 'Service Unhealthy', error: faults.cache }) } },
      ]
    },
    '/v1/chat/completions': (_url, body) => chat(body),
    '/guardrails/list': () => [200, { guardrails: faults.guardrails.map((name) => ({ guardrail_name: name })) }],
    '/v1/model/info': () => [200, { data: [] }],
  }
  const isMaster = (given: string) => !refusing && given === masterKey()
  const maySeeModels = (given: string) =>
    faults.open || (faults.trusting && given.startsWith('eyJ')) || isMaster(given) || keys.has(digest(given))
  const unchecked = ({ headers }: IncomingMessage): Answer | undefined =>
    faults.keyless && headers.authorization?.startsWith('Bearer eyJ')
      ? [503, { error: { message: "the identity provider's keys cannot be read: tokens cannot be checked now" } }]
      : undefined
  const answer = async (url: URL, request: IncomingMessage): Promise<Answer> => {
    const given = request.headers.authorization?.replace('Bearer ', '') ?? ''
    if (url.pathname === '/v1/models' && maySeeModels(given))
      return [200, { data: faults.models.map((id) => ({ id })) }]
    if (faults.broken.has(url.pathname)) return [500, { error: { message: 'Internal Server Error' } }]
    if (!isMaster(given)) return [401, { error: { message: 'Invalid key' } }]
    const body = request.method === 'POST' ? await bodyOf(request) : {}
    const known = administrators[url.pathname]
    return known ? known(url, body) : act(url.pathname, body)
  }
  return {
    keys,
    faults,
    asked,
    writes,
    refuse: () => {
      refusing = true
    },
    async serve(request, response) {
      asked.push(request.url ?? '')
      const url = new URL(request.url ?? '/', 'http://litellm')
      const [status, body] = unkeyed[url.pathname]?.() ?? unchecked(request) ?? (await answer(url, request))
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    },
    serveMetrics(_request, response) {
      response.writeHead(200).end(faults.metrics.map((name) => `${name}{model="x"} 1`).join('\n'))
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
}
