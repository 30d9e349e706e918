import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectAws } from '../../../src/adapters/aws/connect-aws.ts'
import { setEnvironment } from './environment.ts'
import { anyRead, type StubAws, stubAws } from './stub-aws.ts'

let home: string
let stub: StubAws
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'llmgw-home-'))
  await mkdir(join(home, '.aws/sso/cache'), { recursive: true })
  stub = await stubAws(anyRead)
  setEnvironment({ HOME: home, AWS_EC2_METADATA_DISABLED: 'true' })
})
afterEach(async () => {
  await stub.close()
  await rm(home, { recursive: true })
})

const writeConfig = (text: string) => writeFile(join(home, '.aws/config'), text)
const connect = (profile?: string) => connectAws({ region: 'eu-west-1', endpointUrl: stub.url, profile })

/** A profile whose credentials come from a program that counts its runs and numbers its keys. */
async function countingProfile(lifeMs: number): Promise<() => Promise<number>> {
  const [program, counter] = [join(home, 'issue.cjs'), join(home, 'runs')]
  await writeFile(
    program,
    `const fs = require('node:fs')
     fs.appendFileSync(${JSON.stringify(counter)}, 'x')
     const run = fs.readFileSync(${JSON.stringify(counter)}, 'utf8').length
     const Expiration = new Date(Date.now() + ${lifeMs}).toISOString()
     console.log(JSON.stringify({ Version: 1, AccessKeyId: 'AKIDRUN' + run, SecretAccessKey: 's', SessionToken: 't', Expiration }))`,
  )
  await writeConfig(`[profile work]\ncredential_process = ${process.execPath} ${program}\n`)
  return async () => (await readFile(counter, 'utf8')).length
}

describe('credentials of the default chain', () => {
  it('are resolved once for all clients while they hold', async () => {
    const runs = await countingProfile(3_600_000)
    const aws = connect('work')
    await Promise.all([aws.sts.callerIdentity(), aws.eks.findCluster('demo'), aws.secretsManager.describe('a')])
    await aws.eks.findCluster('demo')
    expect(await runs()).toBe(1)
    expect((await aws.credentials()).accessKeyId).toBe('AKIDRUN1')
  })

  it('are renewed when they near their end', async () => {
    // The SDK renews what has less than five minutes left, beside the call that notices it.
    const runs = await countingProfile(60_000)
    const aws = connect('work')
    await aws.sts.callerIdentity()
    await vi.waitFor(async () => {
      await aws.sts.callerIdentity()
      expect(stub.requests.at(-1)?.headers.authorization).toMatch(/Credential=AKIDRUN([2-9]|\d\d)\//)
    }, 20_000)
    expect(stub.requests[0]?.headers.authorization).toContain('Credential=AKIDRUN1/')
    expect(await runs()).toBeGreaterThan(1)
  }, 30_000)

  it('that are nowhere are reported as such, with the command that makes some', async () => {
    await expect(connect().sts.callerIdentity()).rejects.toMatchObject({
      code: 'AwsNoCredentials',
      exitCode: 3,
      hint: expect.stringContaining('aws configure sso'),
    })
    await expect(connect('ghost').sts.callerIdentity()).rejects.toMatchObject({
      code: 'AwsNoCredentials',
      message: expect.stringContaining('ghost'),
    })
    expect(stub.requests).toEqual([])
  })

  it('of a single sign-on that has ended are reported as expired, with the command that renews them', async () => {
    const start = 'https://example.awsapps.com/start'
    await writeConfig(
      `[profile work]\nsso_start_url = ${start}\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = dev\n`,
    )
    const cached = join(home, '.aws/sso/cache', `${createHash('sha1').update(start).digest('hex')}.json`)
    await writeFile(cached, JSON.stringify({ accessToken: 'x', expiresAt: '2020-01-01T00:00:00Z', startUrl: start }))
    await expect(connect('work').sts.callerIdentity()).rejects.toMatchObject({
      code: 'AwsExpired',
      hint: expect.stringContaining('aws sso login --profile work'),
    })
  })
})
