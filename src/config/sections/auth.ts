import * as z from 'zod'

const https = z.url({ protocol: /^https$/ })

/** A token of the identity provider, and what it must say. Both checks are required: else any token of that provider would do. */
const tokens = {
  issuer: https.describe('Exactly the `iss` of the tokens.'),
  audience: z.string().min(1).describe('Exactly the `aud` of the tokens.'),
  jwksUrl: https.describe('Where the provider publishes its keys; the pods must reach it.'),
  userClaim: z.string().min(1).default('sub'),
  emailClaim: z.string().min(1).default('email'),
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

/** How callers of the gateway prove who they are. */
const gatewayAuth = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: z.literal('shared-key'),
    forwardUserHeaders: z
      .boolean()
      .default(true)
      .describe(
        'Open WebUI names its user in headers, and LiteLLM accounts to that user. Whoever holds the key may claim any.',
      ),
  }),
  z.strictObject({
    mode: z.literal('custom-jwt'),
    ...tokens,
    algorithms: z
      .array(z.enum(ALGORITHMS))
      .min(1)
      .default(['RS256'])
      .describe('How tokens may be signed; none with a shared secret.'),
    models: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Models that holders of tokens may call; all of `models` unless named.'),
    rolesClaim: z.string().min(1).optional().describe('Claim that `allowedRoles` are looked for in.'),
    allowedRoles: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('A token must carry one of them; without this, every token of the audience gets in.'),
  }),
  z.strictObject({ mode: z.literal('enterprise-jwt'), ...tokens }),
])

/** Login of the chat interface. */
const oidc = z.strictObject({
  providerName: z.string().min(1).max(40).describe('On the login button.'),
  scopes: z.string().min(1),
  rolesClaim: z
    .string()
    .min(1)
    .optional()
    .describe('Claim that decides who may log in and who administers; without it everybody who can log in is a user.'),
  allowedRoles: z.array(z.string().min(1)).min(1).optional(),
  adminRoles: z.array(z.string().min(1)).min(1).optional(),
  mergeByEmail: z
    .boolean()
    .describe(
      'Whether a login takes over an account with its e-mail address: only where the provider verifies addresses.',
    ),
})

export const auth = z.strictObject({
  ui: z.enum(['local', 'oidc']),
  local: z.strictObject({
    adminEmail: z
      .string()
      .regex(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'an e-mail address')
      .describe('The account that is made at the first start; its password is the secret webui-admin-password.'),
  }),
  oidc,
  gateway: gatewayAuth,
})

/** What the two choices leave out. */
export function authDefaults(uiLogin: string, gatewayMode: string) {
  return {
    ui: uiLogin,
    local: { adminEmail: 'admin@llmgw.internal' },
    oidc: { providerName: 'SSO', scopes: 'openid email profile', mergeByEmail: false },
    gateway: { mode: gatewayMode },
  }
}
