import { StepError } from '../../errors.ts'
import type { Sts } from '../../ports/index.ts'
import { redact } from '../../secret.ts'
import { noteAttempts } from './attempts.ts'
import { type Caller, lazy } from './call.ts'
import { type ClockNote, noteClock } from './clock-note.ts'
import type { ClientSettings } from './connection.ts'
import { untilVisible } from './until-visible.ts'

/** Least that STS takes. Source: STS API reference, AssumeRoleWithWebIdentity, DurationSeconds. */
const SHORTEST_SECONDS = 900

/** Answers about the token or its bearer, not about our own credentials. Source: the same page, Errors. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'ExpiredTokenException',
  'IDPCommunicationErrorException',
  'IDPRejectedClaimException',
  'InvalidIdentityTokenException',
])

type Assumed = { readonly arn: string } | { readonly refused: string; readonly name: string }

const isDenied = (assumed: Assumed): boolean => 'name' in assumed && assumed.name === 'AccessDenied'

/** STS through the SDK. */
export function createSts(settings: () => ClientSettings, call: Caller): Sts {
  const load = lazy(async () => {
    const sdk = await import('@aws-sdk/client-sts')
    const clock: ClockNote = {}
    return { sdk, clock, client: noteClock(noteAttempts(new sdk.STSClient(settings())), clock) }
  })
  return {
    async callerIdentity(signal) {
      const about = { service: 'sts', operation: 'GetCallerIdentity', object: 'the caller' }
      const { Account, Arn, skewMs } = await call(about, signal, async (abortSignal) => {
        const { sdk, client, clock } = await load()
        const answer = await client.send(new sdk.GetCallerIdentityCommand({}), { abortSignal })
        return { ...answer, ...clock }
      })
      if (!Account || !Arn)
        throw new StepError('AwsFailed', 'aws sts GetCallerIdentity answered without account and ARN', {
          hint: 'aws sts get-caller-identity',
        })
      return { accountId: Account, arn: Arn, ...(skewMs === undefined ? {} : { skewMs }) }
    },
    async assumeWithToken({ roleArn, token, session }, signal) {
      const about = { service: 'sts', operation: 'AssumeRoleWithWebIdentity', object: roleArn }
      const ask = (): Promise<Assumed> =>
        call(about, signal, async (abortSignal) => {
          const { sdk, client } = await load()
          const input = {
            RoleArn: roleArn,
            RoleSessionName: session,
            WebIdentityToken: token.reveal(),
            DurationSeconds: SHORTEST_SECONDS,
          }
          try {
            const answer = await client.send(new sdk.AssumeRoleWithWebIdentityCommand(input), { abortSignal })
            return { arn: answer.AssumedRoleUser?.Arn ?? roleArn }
          } catch (error) {
            if (!(error instanceof sdk.STSServiceException && UNTRUSTED.has(error.name))) throw error
            return { refused: redact(error.message), name: error.name }
          }
        })
      let assumed = await ask()
      // A role or trust that is new is refused for some seconds; a token that is not trusted stays so.
      await untilVisible(async () => {
        if (isDenied(assumed)) assumed = await ask()
        return !isDenied(assumed)
      }, signal)
      return 'refused' in assumed ? { refused: assumed.refused } : { arn: assumed.arn }
    },
  }
}
