import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AwsConnection, connectAws } from '../../../src/adapters/aws/connect-aws.ts'
import { type AwsConnectionOptions, clientSettings, credentialSource } from '../../../src/adapters/aws/connection.ts'
import { setEnvironment } from './environment.ts'
import { anyRead, type StubAws, stubAws } from './stub-aws.ts'

let dir: string
let trap: StubAws
let good: StubAws
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-aws-'))
  trap = await stubAws(anyRead)
  good = await stubAws(anyRead)
})
afterEach(async () => {
  await trap.close()
  await good.close()
  await rm(dir, { recursive: true })
})

/** A shell that points everywhere but to the sandbox, with settings that break whoever reads them. */
async function misleadingEnvironment(): Promise<Record<string, string>> {
  const config = join(dir, 'config')
  await writeFile(
    config,
    `[profile trap]\nregion = xx-nowhere-1\nendpoint_url = ${trap.url}\nservices = absent\nretry_mode = bogus\nuse_fips_endpoint = maybe\n`,
  )
  await writeFile(join(dir, 'credentials'), '[trap]\naws_access_key_id = AKIDFILE\naws_secret_access_key = file\n')
  return {
    HOME: dir,
    AWS_PROFILE: 'trap',
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: join(dir, 'credentials'),
    AWS_REGION: 'xx-nowhere-1',
    AWS_ACCESS_KEY_ID: 'AKIDREAL',
    AWS_SECRET_ACCESS_KEY: 'real',
    AWS_SESSION_TOKEN: 'real-session',
    AWS_ENDPOINT_URL: trap.url,
    AWS_ENDPOINT_URL_IAM: trap.url,
    AWS_ENDPOINT_URL_STS: trap.url,
    AWS_ENDPOINT_URL_EKS: trap.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: trap.url,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: trap.url,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: trap.url,
    AWS_USE_FIPS_ENDPOINT: 'maybe',
    AWS_USE_DUALSTACK_ENDPOINT: 'maybe',
    AWS_RETRY_MODE: 'bogus',
    AWS_MAX_ATTEMPTS: 'bogus',
    AWS_DEFAULTS_MODE: 'bogus',
    AWS_SDK_UA_APP_ID: 'real-app',
  }
}

async function readOfEachService(aws: AwsConnection): Promise<void> {
  await aws.sts.callerIdentity()
  await aws.iam.findOidcProvider('arn')
  await aws.secretsManager.describe('a')
  await aws.eks.findCluster('demo')
}

describe('a connection with credentials of its own', () => {
  it('takes nothing from a misleading environment, for any service', async () => {
    setEnvironment(await misleadingEnvironment())
    const credentials = { accessKeyId: 'AKIDSANDBOX', secretAccessKey: 'sandbox' }
    await readOfEachService(connectAws({ region: 'eu-west-1', endpointUrl: good.url, credentials }))
    expect(trap.requests).toEqual([])
    expect(good.requests).toHaveLength(4)
    const scopes = good.requests.map(({ headers }) => /Credential=(\S+?),/.exec(headers.authorization ?? '')?.[1])
    expect(scopes.map((scope) => scope?.replace(/\/\d{8}\//, '/'))).toEqual([
      'AKIDSANDBOX/eu-west-1/sts/aws4_request',
      'AKIDSANDBOX/us-east-1/iam/aws4_request',
      'AKIDSANDBOX/eu-west-1/secretsmanager/aws4_request',
      'AKIDSANDBOX/eu-west-1/eks/aws4_request',
    ])
    for (const { headers } of good.requests) {
      expect(headers['x-amz-security-token']).toBeUndefined()
      expect(JSON.stringify(headers)).not.toContain('real')
    }
  })

  it('would be misled without them: the same environment is read by the default chain', async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, HOME } = await misleadingEnvironment()
    setEnvironment({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, HOME } as Record<string, string>)
    await connectAws({ region: 'eu-west-1', endpointUrl: good.url }).sts.callerIdentity()
    expect(good.requests[0]?.headers.authorization).toContain('Credential=AKIDREAL/')
  })
})

describe('a connection through the default chain', () => {
  /** Host of a call, seen where the SDK hands it to the network. */
  async function hostOf(settings: ConstructorParameters<typeof STSClient>[0]): Promise<string> {
    let host = ''
    const requestHandler = {
      handle: async (request: { readonly hostname: string }) => {
        host = request.hostname
        throw new Error('not sent')
      },
    }
    await new STSClient({ ...settings, maxAttempts: 1, requestHandler: requestHandler as never })
      .send(new GetCallerIdentityCommand({}))
      .catch(() => undefined)
    return host
  }

  it('is immune to AWS_ENDPOINT_URL and to endpoint_url of a profile', async () => {
    const config = join(dir, 'config')
    await writeFile(
      config,
      `[profile trap]\nendpoint_url = http://127.0.0.3:1\nregion = us-east-2\naws_access_key_id = a\naws_secret_access_key = b\n`,
    )
    const options: AwsConnectionOptions = { region: 'eu-west-1' }
    const environment = { HOME: dir, AWS_CONFIG_FILE: config, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
    setEnvironment({
      ...environment,
      AWS_ENDPOINT_URL: 'http://127.0.0.2:1',
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.2:1',
    })
    const settings = clientSettings(options, credentialSource(options))
    expect(await hostOf(settings)).toBe('sts.eu-west-1.amazonaws.com')
    expect(await hostOf({ ...settings, ignoreConfiguredEndpointUrls: false })).toBe('127.0.0.2')
    setEnvironment({ ...environment, AWS_PROFILE: 'trap' })
    const profiled = clientSettings(options, credentialSource(options))
    expect(await hostOf(profiled)).toBe('sts.eu-west-1.amazonaws.com')
    expect(await hostOf({ ...profiled, ignoreConfiguredEndpointUrls: false })).toBe('127.0.0.3')
  })

  it('uses an endpoint that it is told', async () => {
    setEnvironment({ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_ENDPOINT_URL: trap.url, HOME: dir })
    await readOfEachService(connectAws({ region: 'eu-west-1', endpointUrl: good.url }))
    expect([trap.requests.length, good.requests.length]).toEqual([0, 4])
  })
})
