import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { HttpsProxyAgent } from 'hpagent'
import { type Environment, proxyFor } from '../../adapters/kube/proxy.ts'

const MOST_REDIRECTS = 5

export interface Get {
  readonly environment: Environment
  readonly signal: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
  /** Give the answer to the first address, a redirect included. */
  readonly stay?: boolean
}

/** The answer to a GET, body not yet read, through the proxy that the environment names. @throws Error of the network */
export async function openUrl(address: string, options: Get): Promise<IncomingMessage> {
  let url = new URL(address)
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const answer = await once(url, options)
    const { location } = answer.headers
    const redirects = location !== undefined && (answer.statusCode ?? 0) >= 300 && (answer.statusCode ?? 0) < 400
    if (!redirects || options.stay) return answer
    answer.resume()
    const next = new URL(location, url)
    if (url.protocol === 'https:' && next.protocol !== 'https:') throw new Error(`${address} leads to ${next.origin}`)
    url = next
  }
  throw new Error(`${address} redirects more than ${MOST_REDIRECTS} times`)
}

function once(url: URL, { environment, signal, headers }: Get): Promise<IncomingMessage> {
  const proxy = proxyFor(url, environment)
  return new Promise((resolve, reject) => {
    const options = {
      signal,
      // Digests are of the bytes as published; GitHub's API refuses a nameless client.
      headers: { 'accept-encoding': 'identity', 'user-agent': 'llmgw', ...headers },
      ...(proxy === undefined ? {} : { agent: new HttpsProxyAgent({ proxy }) }),
    }
    const request = url.protocol === 'https:' ? httpsGet(url, options, resolve) : httpGet(url, options, resolve)
    request.once('error', reject)
  })
}
