import type { Config } from '../../src/config/schema.ts'
import { Secret } from '../../src/secret.ts'

const base64url = (text: string): string => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')

/**
 * A token that says all the right things and that nobody signed; undefined where no tokens are taken.
 * @param now ms since the epoch
 */
export function forgedToken({ auth: { gateway } }: Config, now: number): Secret | undefined {
  if (gateway.mode === 'shared-key') return undefined
  const { issuer, audience, userClaim } = gateway
  const seconds = Math.floor(now / 1000)
  const header = { alg: 'RS256', typ: 'JWT', kid: 'nobody' }
  const claims = { iss: issuer, aud: audience, [userClaim]: 'nobody', iat: seconds, exp: seconds + 300 }
  const parts = [JSON.stringify(header), JSON.stringify(claims), 'nobody has signed this']
  return new Secret(parts.map(base64url).join('.'))
}
