import { describe, expect, it } from 'vitest'
import { PreflightError } from '../../src/errors.ts'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const SESSION = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SESSION_TOKEN: 'planted-token' }
const MINUTE = 60_000

async function warned(more: { env?: Record<string, string>; minutes?: number; file?: string; args?: string }) {
  const world = fakeWorld()
  const { minutes = 20, env = SESSION, file = FILE, args = 'deploy all --yes' } = more
  const credentialsEnd = async () => world.clock.now() + minutes * MINUTE
  const { code, stderr } = await runCli(args, { world, env, file, seams: { credentialsEnd } })
  expect(code).toBe(0)
  return stderr.includes('warning: the AWS session in the environment ends in ')
}

describe('credentials that end', () => {
  it('before the run may are warned of, before anything is changed', async () => {
    expect(await warned({})).toBe(true)
    expect(await warned({ args: 'destroy all --yes --confirm llmgw' })).toBe(true)
  })

  it('later, or are renewed, or with a run that changes nothing, are not worth a word', async () => {
    expect(await warned({ minutes: 61 })).toBe(false)
    expect(await warned({ env: {} })).toBe(false)
    expect(await warned({ env: { ...SESSION, AWS_PROFILE: 'work' } })).toBe(false)
    expect(await warned({ args: 'plan' })).toBe(false)
  })

  it('in the middle of a run end it with AwsExpired and the next command; what was done stays', async () => {
    const world = fakeWorld()
    const expired = () =>
      new PreflightError('AwsExpired', 'the AWS credentials have expired', { hint: 'aws sso login' })
    world.aws.failNext('iam.putInlinePolicy', expired())
    const { code, stdout } = await runCli('deploy all --yes', { world })
    expect(code).toBe(1)
    expect(stdout).toContain('the AWS credentials have expired (AwsExpired)')
    expect(stdout).toContain('hint: aws sso login')
    expect(stdout).toContain('next: mend the cause, then go on with: llmgw deploy all')
    expect((await runCli('deploy all --yes', { world })).code).toBe(0)
  })
})
