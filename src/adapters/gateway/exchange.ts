import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { StepError } from '../../errors.ts'
import type { GatewayAccess } from '../../ports/gateway.ts'
import type { Kube, KubeObject } from '../../ports/kube.ts'

const PORT = 4000
const ANSWER_WITHIN_MS = 30_000
const PODS = 'app.kubernetes.io/name=litellm,app.kubernetes.io/component=proxy'

export interface Answer {
  readonly status: number
  readonly text: string
}

interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
}

/** One call of LiteLLM's API as its administrator. @throws StepError GatewayUnreachable */
export async function exchange(kube: Kube, access: GatewayAccess, call: Call, signal?: AbortSignal): Promise<Answer> {
  const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const limit = signal ? AbortSignal.any([signal, deadline]) : deadline
  const name = await readyPod(kube, access.namespace, limit)
  const stream = await kube.connect({ namespace: access.namespace, name, port: PORT }, limit)
  try {
    return await answerOver(stream, access, call, limit)
  } catch (error) {
    signal?.throwIfAborted()
    throw unreachable(`pod ${access.namespace}/${name} did not answer on port ${PORT}`, error)
  } finally {
    stream.destroy()
  }
}

async function readyPod(kube: Kube, namespace: string, signal: AbortSignal): Promise<string> {
  const pods = await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: PODS }, signal)
  const ready = pods.find(isReady)
  if (ready) return ready.metadata.name
  throw unreachable(`none of ${pods.length} pods of LiteLLM in namespace ${namespace} is ready`)
}

function isReady({ metadata, status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] }
  return (
    metadata.deletionTimestamp === undefined && conditions.some((one) => one.type === 'Ready' && one.status === 'True')
  )
}

function unreachable(message: string, cause?: unknown): StepError {
  return new StepError('GatewayUnreachable', message, { hint: 'llmgw status litellm', ...(cause ? { cause } : {}) })
}

function answerOver(stream: Duplex, { masterKey }: GatewayAccess, call: Call, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const outgoing = request({
      method: call.method,
      path: call.path,
      host: 'litellm',
      headers: {
        authorization: `Bearer ${masterKey.reveal()}`,
        connection: 'close',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      createConnection: () => stream,
      signal,
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    outgoing.end(body)
  })
}
