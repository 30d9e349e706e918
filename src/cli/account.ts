import { connectAws } from '../adapters/aws/connect-aws.ts'
import type { OpenAccount } from './host.ts'

/** Whoever waits at a prompt is told soon that there is no answer. */
const DEADLINE_MS = 10_000

/** The account of the credentials at hand, before there is a configuration. Asks nothing before it is used. */
export const openAccount: OpenAccount = async (place) => {
  const { sts, eks } = connectAws({ ...place, deadlineMs: DEADLINE_MS, maxAttempts: 2 })
  return { sts, eks }
}
