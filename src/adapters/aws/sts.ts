import { StepError } from '../../errors.ts'
import type { Sts } from '../../ports/index.ts'
import { noteAttempts } from './attempts.ts'
import { type Caller, lazy } from './call.ts'
import { type ClockNote, noteClock } from './clock-note.ts'
import type { ClientSettings } from './connection.ts'

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
  }
}
