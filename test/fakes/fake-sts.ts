import type { PolicyDocument, Sts } from '../../src/ports/index.ts'
import type { Enter, FakeAwsState } from './fake-aws.ts'
import { type Claims, claimsOf } from './fake-token.ts'

type Statement = PolicyDocument['Statement'][number]

/** STS in memory: it judges a token by the account's providers and the role's trust, as far as IRSA needs. */
export function createFakeSts(
  state: FakeAwsState,
  enter: Enter,
  caller: { readonly callerArn: string; readonly skewMs: number },
): Sts {
  return {
    async callerIdentity(signal) {
      enter('sts.callerIdentity', '', signal)
      return { accountId: state.accountId, arn: caller.callerArn, skewMs: caller.skewMs }
    },
    async assumeWithToken({ roleArn, token, session }, signal) {
      enter('sts.assumeWithToken', roleArn, signal)
      const claims = claimsOf(token)
      if (claims === undefined) return { refused: 'The ID Token provided is not a valid JWT' }
      const provider = [...state.oidcProviders.values()].find(({ url }) => url === claims.iss)
      if (!provider) return { refused: `No OpenIDConnect provider found in your account for https://${claims.iss}` }
      if (!claims.aud.some((one) => provider.audiences.includes(one))) return { refused: 'Incorrect token audience' }
      const role = [...state.roles.values()].find(({ arn }) => arn === roleArn)
      if (!role?.trust.Statement.some((statement) => trusts(statement, provider.arn, claims)))
        return { refused: 'Not authorized to perform sts:AssumeRoleWithWebIdentity' }
      return { arn: `arn:${state.partition}:sts::${state.accountId}:assumed-role/${role.name}/${session}` }
    },
  }
}

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

function trusts(statement: Statement, provider: string, { iss, sub, aud }: Claims): boolean {
  const { Effect, Action, Principal, Condition = {} } = statement
  const federated = listed((Principal as { readonly Federated?: unknown } | undefined)?.Federated)
  if (Effect !== 'Allow' || !federated.includes(provider)) return false
  if (!listed(Action).includes('sts:AssumeRoleWithWebIdentity')) return false
  const context: Readonly<Record<string, readonly string[]>> = { [`${iss}:sub`]: [sub], [`${iss}:aud`]: aud }
  const { StringEquals = {}, ...others } = Condition as Readonly<Record<string, Readonly<Record<string, unknown>>>>
  if (Object.keys(others).length > 0) return false
  return Object.entries(StringEquals).every(([key, wanted]) =>
    context[key]?.some((one) => listed(wanted).includes(one)),
  )
}
