import { monitoringOff } from '../monitoring/off.ts'
import type { Check, CheckContext, CheckResult } from './check.ts'

/** Skips where the configuration has no monitoring. */
export const whereOn =
  (run: (ctx: CheckContext) => Promise<CheckResult>): Check['run'] =>
  async (ctx) =>
    monitoringOff(ctx.config) === undefined
      ? await run(ctx)
      : { result: 'skip', lookedAt: 'the configuration', found: 'not configured' }
