import { describe, expect, it } from 'vitest'
import type { Sts } from '../../src/ports/index.ts'

/** An account with the caller that `expected` names. */
export interface StsWorld {
  readonly sts: Sts
  readonly expected: { readonly accountId: string; readonly arn: RegExp }
}

/** What every implementation of the port `Sts` keeps. */
export function describeStsContract(name: string, makeWorld: () => Promise<StsWorld>): void {
  describe(`sts contract: ${name}`, () => {
    it('says who calls', async () => {
      const { sts, expected } = await makeWorld()
      const caller = await sts.callerIdentity()
      expect(caller.accountId).toBe(expected.accountId)
      expect(caller.arn).toMatch(expected.arn)
      expect(caller.arn).toContain(`::${expected.accountId}:`)
    })

    it('says how far the clocks are apart', async () => {
      const { sts } = await makeWorld()
      const { skewMs } = await sts.callerIdentity()
      // On one machine, within what the whole seconds of a Date header allow.
      expect(Math.abs(skewMs ?? Number.NaN)).toBeLessThan(5_000)
    })

    it('obeys a signal that is aborted already', async () => {
      const { sts } = await makeWorld()
      const reason = new Error('cancelled')
      await expect(sts.callerIdentity(AbortSignal.abort(reason))).rejects.toBe(reason)
    })
  })
}
