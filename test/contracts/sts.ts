import { describe, expect, it } from 'vitest'
import type { Iam, Sts } from '../../src/ports/index.ts'
import { Secret } from '../../src/secret.ts'

/** An account with the caller that `expected` names. */
export interface StsWorld {
  readonly sts: Sts
  readonly expected: { readonly accountId: string; readonly arn: RegExp }
  /** For roles that pods take on. */
  readonly iam: Iam
  readonly provider: { readonly arn: string; readonly url: string }
  uniqueName(): string
  /** A token of the provider, for its first audience where none is named. */
  token(subject: string, audience?: string): Secret
}

const SUBJECT = 'system:serviceaccount:litellm:litellm'

/** A role for pods of that ServiceAccount. */
async function trusting({ iam, provider, uniqueName, expected }: StsWorld, subject: string) {
  const name = uniqueName()
  const StringEquals = { [`${provider.url}:sub`]: subject, [`${provider.url}:aud`]: 'sts.amazonaws.com' }
  const statement = {
    Effect: 'Allow',
    Principal: { Federated: provider.arn },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals },
  }
  await iam.createRole({ name, trust: { Version: '2012-10-17', Statement: [statement] }, tags: {}, description: '' })
  return { name, arn: `arn:aws:iam::${expected.accountId}:role/${name}` }
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

    it('takes a role on for whom it trusts, and says as whom', async () => {
      const world = await makeWorld()
      const { name, arn } = await trusting(world, SUBJECT)
      const taken = await world.sts.assumeWithToken({ roleArn: arn, token: world.token(SUBJECT), session: 'contract' })
      expect(taken).toEqual({ arn: `arn:aws:sts::${world.expected.accountId}:assumed-role/${name}/contract` })
    })

    it('refuses, in words, whom the role does not trust', async () => {
      const world = await makeWorld()
      const { arn } = await trusting(world, SUBJECT)
      const token = world.token('system:serviceaccount:other:pod')
      const taken = await world.sts.assumeWithToken({ roleArn: arn, token, session: 'contract' })
      expect(taken).toEqual({ refused: expect.stringContaining('Not authorized') })
      expect(JSON.stringify(taken)).not.toContain(token.reveal())
    }, 30_000)

    it('refuses, in words, a token for somebody else and what is no token', async () => {
      const world = await makeWorld()
      const { arn: roleArn } = await trusting(world, SUBJECT)
      const foreign = { roleArn, token: world.token(SUBJECT, 'vault.example.com'), session: 'contract' }
      expect(await world.sts.assumeWithToken(foreign)).toEqual({ refused: expect.stringContaining('audience') })
      const forged = { roleArn, token: new Secret('not-a-token'), session: 'contract' }
      expect(await world.sts.assumeWithToken(forged)).toEqual({ refused: expect.stringContaining('not a valid JWT') })
    })

    it('obeys a signal that is aborted already', async () => {
      const { sts } = await makeWorld()
      const reason = new Error('cancelled')
      await expect(sts.callerIdentity(AbortSignal.abort(reason))).rejects.toBe(reason)
    })
  })
}
