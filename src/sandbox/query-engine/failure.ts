/** What Prisma's clients are told of a failure. Source: Prisma documentation, error reference. */
interface UserFacing {
  readonly is_panic: false
  readonly message: string
  readonly error_code: string
  readonly meta: Readonly<Record<string, unknown>>
}

export interface Failed {
  readonly errors: readonly { readonly error: string; readonly user_facing_error: UserFacing }[]
}

/** Codes of PostgreSQL and of the system: the server is not there, goes, or does not let anybody in yet. */
const UNREACHABLE = /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT|EPIPE|57P0[123]|08\w{3})$/
const LOST = /connection (terminated|ended)|not queryable|timeout exceeded when trying to connect/i
const REFUSED = /^(28P01|28000)$/

/** A failure of the driver in the words that the binary engine has for it. */
export function failure(error: unknown, { hostname, port, username }: URL): Failed {
  const { code = '', message = String(error) } = error as { readonly code?: string; readonly message?: string }
  if (UNREACHABLE.test(code) || LOST.test(message)) {
    const server = `${hostname}:${port || 5432}`
    return told('P1001', `Can't reach database server at \`${server}\`: ${message || code}`)
  }
  if (REFUSED.test(code)) {
    return told(
      'P1000',
      `Authentication failed against database server at \`${hostname}\`, the provided database credentials for \`${decodeURIComponent(username)}\` are not valid.`,
    )
  }
  return told('P2010', `Raw query failed. Code: \`${code || 'N/A'}\`. Message: \`${message}\``)
}

function told(error_code: string, message: string): Failed {
  return {
    errors: [{ error: message, user_facing_error: { is_panic: false, message, error_code, meta: { message } } }],
  }
}
