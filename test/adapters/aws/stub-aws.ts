import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface StubRequest {
  /** API name, from the target header or the form field. */
  readonly operation: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answer = (request: StubRequest, response: ServerResponse) => void

export interface StubAws {
  readonly url: string
  readonly requests: readonly StubRequest[]
  close(): Promise<void>
}

/** An HTTP server on loopback that answers as AWS would; the answers are the test's. */
export async function stubAws(answer: Answer): Promise<StubAws> {
  const requests: StubRequest[] = []
  const server = createServer(async (incoming, response) => {
    const body = await textOf(incoming)
    const target = String(incoming.headers['x-amz-target'] ?? '')
    const operation = target.split('.')[1] ?? new URLSearchParams(body).get('Action') ?? ''
    const request = { operation, path: incoming.url ?? '', headers: incoming.headers, body }
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** An error of a JSON service: Secrets Manager, EKS. */
export const jsonError =
  (status: number, code: string, message: string): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code })
    response.end(JSON.stringify({ __type: code, message, Message: message }))
  }

/** An error of a query service: IAM, STS. */
export const xmlError =
  (status: number, code: string, message: string): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/xml' })
    response.end(
      `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
    )
  }

export const json =
  (body: unknown): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(body))
  }

/** The answer of a query service: `content` inside `<XResponse><XResult>`. */
export const xml =
  (content: string): Answer =>
  ({ operation }, response) => {
    response.writeHead(200, { 'content-type': 'text/xml' })
    response.end(`<${operation}Response><${operation}Result>${content}</${operation}Result></${operation}Response>`)
  }

/** Answers all four services well enough for one read each. */
export const anyRead: Answer = (request, response) => {
  if (request.operation === 'GetCallerIdentity')
    return xml('<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/u</Arn>')(request, response)
  if (request.operation === 'GetOpenIDConnectProvider') return xml('<Url>u</Url>')(request, response)
  if (request.operation === 'DescribeSecret') return json({ Name: 'a', ARN: 'arn' })(request, response)
  return json({ cluster: { name: 'demo', arn: 'arn' } })(request, response)
}
