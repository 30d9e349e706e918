import { Secret } from '../../src/secret.ts'

/** Of the fake cluster, without `https://`. */
export const FAKE_ISSUER = 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE0123456789'

/** Claims of a token, as far as STS looks at them. */
export interface Claims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
}

const HEAD = 'fake.'

/** A token that the fake cluster gives and the fake STS reads. */
export const fakeToken = (claims: Claims): Secret =>
  new Secret(HEAD + Buffer.from(JSON.stringify(claims)).toString('base64url'))

/** Undefined: not one of ours. */
export function claimsOf(token: Secret): Claims | undefined {
  const text = token.reveal()
  return text.startsWith(HEAD)
    ? (JSON.parse(Buffer.from(text.slice(HEAD.length), 'base64url').toString()) as Claims)
    : undefined
}
