import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export function signingKey(kid: string): SigningKey {
  return { kid, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }
}

type Claims = Readonly<Record<string, unknown>>

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token in compact form, signed with RS256. */
export function tokenOf(key: SigningKey, claims: Claims, header: Claims = {}): string {
  const text = `${encoded({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })}.${encoded(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), key.privateKey).toString('base64url')}`
}

/** A token that says it needs no signature, and has none. */
export const unsigned = (kid: string, claims: Claims): string => `${encoded({ alg: 'none', kid })}.${encoded(claims)}.`

/** A token whose shared secret is the public key, which everybody knows. */
export function signedWithPublicKey({ kid, publicKey }: SigningKey, claims: Claims): string {
  const text = `${encoded({ alg: 'HS256', typ: 'JWT', kid })}.${encoded(claims)}`
  const secret = publicKey.export({ type: 'spki', format: 'pem' })
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export interface KeySet {
  readonly url: string
  /** How often it was asked. */
  asked(): number
  /** What it publishes from now on. */
  publish(keys: readonly SigningKey[]): void
  close(): Promise<void>
}

/** What an identity provider publishes of its keys, on loopback. */
export async function keySet(): Promise<KeySet> {
  let published: readonly SigningKey[] | undefined
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    if (published === undefined) return void response.writeHead(503).end()
    const keys = published.map(({ kid, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
      alg: 'RS256',
    }))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    asked: () => asked,
    publish: (keys) => {
      published = keys
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
