/** Where the discovery document of {@link IDENTITY_PROVIDER} is. */
export const DISCOVERY_PATH = '/llmgw-sandbox/identity/.well-known/openid-configuration'

/** That document as programs behind pods read it: over plain http, for a Pod reaches the port of the models and nothing else. */
export const discoveryUrl = (upstreamPort: number): string => `http://127.0.0.1:${upstreamPort}${DISCOVERY_PATH}`

const ISSUER = 'https://login.sandbox.invalid'

/**
 * An identity provider that is described and not there: programs find where to send people, and nobody can log in.
 * Source: OpenID Connect Discovery 1.0, provider metadata.
 */
export const IDENTITY_PROVIDER = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/userinfo`,
  jwks_uri: `${ISSUER}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  code_challenge_methods_supported: ['S256'],
} as const
