import { duration } from '../../ui/layout.ts'
import { milliseconds } from './duration.ts'
import type { Session } from './session.ts'

/** Warns when a session that nothing renews may end before the run does: credentials that the chain made are renewed by it. */
export async function warnOfSessionEnd({ world, ctx, request, stage, stop }: Session): Promise<void> {
  const { env } = request.host
  const isStatic = Boolean(env.AWS_SESSION_TOKEN) && !env.AWS_PROFILE && ctx.config.aws.profile === undefined
  if (world.sandbox || !isStatic) return
  const end = await world.credentialsEnd(stop.signal)
  const left = (end ?? Number.POSITIVE_INFINITY) - world.clock.now()
  const limit = ctx.config.timeouts.run
  if (left >= milliseconds(limit)) return
  stage.emit({
    type: 'note',
    level: 'warning',
    message: `the AWS session in the environment ends in ${duration(Math.max(0, left))} and nothing renews it; this run may take up to ${limit}: renew it first, or name a profile (aws.profile), which is renewed`,
  })
}
