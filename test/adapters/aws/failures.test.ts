import { EventEmitter, once } from 'node:events'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { connectAws } from '../../../src/adapters/aws/connect-aws.ts'
import type { AwsConnectionOptions } from '../../../src/adapters/aws/connection.ts'
import { PreflightError, StepError } from '../../../src/errors.ts'
import { Secret } from '../../../src/secret.ts'
import { type Answer, anyRead, json, jsonError, type StubAws, stubAws, xml, xmlError } from './stub-aws.ts'

const open: StubAws[] = []
afterEach(async () => {
  for (const stub of open.splice(0)) await stub.close()
})

async function connect(answer: Answer, more: Partial<AwsConnectionOptions> = {}) {
  const stub = await stubAws(answer)
  open.push(stub)
  const credentials = { accessKeyId: 'AKIDSANDBOX', secretAccessKey: 'sandbox-secret' }
  const options = { region: 'eu-west-1', endpointUrl: stub.url, credentials, maxAttempts: 1, profile: 'work' }
  return { stub, aws: connectAws({ ...options, ...more }) }
}

const rejection = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

describe('errors of AWS', () => {
  it.each([
    ['ExpiredToken', 'AwsExpired', 'aws sso login --profile work'],
    ['InvalidClientTokenId', 'AwsNoCredentials', 'aws sts get-caller-identity --profile work'],
    ['Throttling', 'AwsThrottled', '--concurrency'],
    ['RequestTimeTooSkewed', 'AwsClockSkew', 'clock'],
  ])('translates %s to %s with the next command', async (code, ours, hint) => {
    const { aws } = await connect(xmlError(403, code, 'the words of AWS'))
    const error = await rejection(aws.sts.callerIdentity())
    expect(error).toBeInstanceOf(PreflightError)
    expect(error).toMatchObject({ code: ours, cause: 'the words of AWS', hint: expect.stringContaining(hint) })
  })

  it('names the action that is denied, also for JSON services, and keeps the sentence', async () => {
    const said = 'User: arn:aws:iam::1:user/u is not authorized to perform: iam:GetRole on resource: role r'
    const { aws } = await connect(xmlError(403, 'AccessDenied', said))
    const denied = await rejection(aws.iam.findRole('r'))
    expect(denied).toMatchObject({ code: 'AwsDenied', cause: said })
    expect(String(denied)).toContain('iam:')
    const { aws: other } = await connect(jsonError(400, 'AccessDeniedException', 'no'))
    const plain = await rejection(other.secretsManager.describe('a'))
    expect(plain).toMatchObject({
      code: 'AwsDenied',
      message: expect.stringContaining('secretsmanager:DescribeSecret'),
    })
  })

  it('tells a wrong clock from a wrong key by the sentence of the signature error', async () => {
    const late = await connect(xmlError(403, 'SignatureDoesNotMatch', 'Signature expired: 1 is now earlier than 2'))
    expect(await rejection(late.aws.sts.callerIdentity())).toMatchObject({ code: 'AwsClockSkew' })
    const wrong = await connect(xmlError(403, 'SignatureDoesNotMatch', 'The request signature we calculated differs'))
    expect(await rejection(wrong.aws.sts.callerIdentity())).toMatchObject({ code: 'AwsNoCredentials' })
  })

  it('takes only its own not-found answers for absence', async () => {
    const absent = await connect(jsonError(404, 'ResourceNotFoundException', 'no cluster'))
    expect(await absent.aws.eks.findCluster('demo')).toBeUndefined()
    const proxy = await connect((_request, response) => {
      response.writeHead(404, { 'content-type': 'text/html' })
      response.end('<html>not found</html>')
    })
    expect(await rejection(proxy.aws.eks.findCluster('demo'))).toMatchObject({ code: 'AwsFailed' })
    const broken = await connect(jsonError(503, 'ServiceUnavailable', 'busy'))
    expect(await rejection(broken.aws.eks.findCluster('demo'))).toMatchObject({ code: 'AwsUnreachable' })
  })

  it('keeps a value out of an error, even when AWS repeats it', async () => {
    const { aws } = await connect((request, response) => {
      const { SecretString } = JSON.parse(request.body) as { SecretString: string }
      jsonError(400, 'InvalidParameterException', `bad value ${SecretString}`)(request, response)
    })
    const value = new Secret('canary-value-1234')
    const error = await rejection(aws.secretsManager.create({ name: 'a', value, description: '', tags: {} }))
    expect(error).toBeInstanceOf(StepError)
    expect(error).toMatchObject({ code: 'AwsFailed', cause: 'bad value ***' })
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('canary-value-1234')
  })
})

describe('calls to AWS', () => {
  it('repeats a call that AWS could not serve for a moment', async () => {
    let left = 1
    const { aws, stub } = await connect(
      (request, response) =>
        left-- > 0
          ? jsonError(500, 'InternalServiceError', 'try again')(request, response)
          : json({ Name: 'a', ARN: 'arn' })(request, response),
      { maxAttempts: 2 },
    )
    expect((await aws.secretsManager.describe('a'))?.arn).toBe('arn')
    expect(stub.requests).toHaveLength(2)
  })

  it('tells why a call takes its time, while it goes on', async () => {
    const delays = new EventEmitter()
    let left = 1
    const { aws } = await connect(
      async (request, response) => {
        if (left-- > 0) return jsonError(400, 'ThrottlingException', 'Rate exceeded')(request, response)
        await once(delays, 'told')
        json({ Name: 'a', ARN: 'arn' })(request, response)
      },
      { maxAttempts: 2, onDelay: (message) => delays.emit('told', message) },
    )
    const told = once(delays, 'told')
    expect((await aws.secretsManager.describe('a'))?.arn).toBe('arn')
    expect(await told).toEqual([
      expect.stringMatching(/^aws secretsmanager DescribeSecret .*throttled.*; still trying$/),
    ])
  })

  it('ends at its deadline when AWS is silent', async () => {
    const { aws } = await connect(() => undefined, { deadlineMs: 50 })
    const error = await rejection(aws.iam.findRole('r'))
    expect(error).toMatchObject({ code: 'AwsUnreachable', message: expect.stringContaining('within 0.05 s') })
  })

  it('names throttling, not the network, when its pauses outlast the deadline', async () => {
    const { aws } = await connect(jsonError(400, 'ThrottlingException', 'Rate exceeded'), {
      deadlineMs: 300,
      maxAttempts: 10,
    })
    const error = await rejection(aws.secretsManager.describe('a'))
    expect(error).toMatchObject({ code: 'AwsThrottled', cause: 'Rate exceeded' })
  })

  it('ends with the reason of the signal when it is cancelled', async () => {
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const { aws } = await connect(() => controller.abort(reason))
    expect(await rejection(aws.eks.findCluster('demo', controller.signal))).toBe(reason)
  })

  it('says that AWS cannot be reached when the connection is cut or refused', async () => {
    const cut = await connect((_request, response) => response.destroy())
    expect(await rejection(cut.aws.sts.callerIdentity())).toMatchObject({ code: 'AwsUnreachable' })
    const gone = await connect(anyRead)
    await gone.stub.close()
    const error = await rejection(gone.aws.sts.callerIdentity())
    expect(error).toMatchObject({ code: 'AwsUnreachable', cause: expect.stringContaining('ECONNREFUSED') })
  })

  it.each([
    ['deployment', undefined],
    ['somebody-else', 'AlreadyExists'],
  ])('takes a role whose creation lost its answer for ours only where it is the very one: %s', async (tag, code) => {
    const trust = { Version: '2012-10-17', Statement: [] }
    const document = encodeURIComponent(JSON.stringify(trust))
    const member = `<member><Key>owner</Key><Value>${tag}</Value></member>`
    const role = `<Role><Arn>arn</Arn><AssumeRolePolicyDocument>${document}</AssumeRolePolicyDocument><Tags>${member}</Tags></Role>`
    const { aws, stub } = await connect(
      (request, response) => {
        const isFirst = stub.requests.length === 1
        if (isFirst) response.destroy()
        else if (request.operation !== 'CreateRole') xml(role)(request, response)
        else xmlError(409, 'EntityAlreadyExists', 'Role with name r already exists.')(request, response)
      },
      { maxAttempts: 2 },
    )
    const creation = aws.iam.createRole({ name: 'r', trust, tags: { owner: 'deployment' }, description: '' })
    const ended = await creation.then(
      () => undefined,
      (error: { readonly code: string }) => error.code,
    )
    expect(ended).toBe(code)
    const operations = stub.requests.map(({ operation }) => operation)
    expect(operations.slice(0, 3)).toEqual(['CreateRole', 'CreateRole', 'GetRole'])
  })

  it('follows the pages of a listing', async () => {
    const policy = encodeURIComponent(JSON.stringify({ Version: '2012-10-17', Statement: [] }))
    const { aws } = await connect((request, response) => {
      const marker = new URLSearchParams(request.body).get('Marker')
      const answers: Record<string, string> = {
        GetRole: `<Role><Arn>arn</Arn><AssumeRolePolicyDocument>${policy}</AssumeRolePolicyDocument></Role>`,
        ListRolePolicies: page('PolicyNames', (name) => `<member>${name}</member>`, marker),
        ListAttachedRolePolicies: page(
          'AttachedPolicies',
          (name) => `<member><PolicyArn>${name}</PolicyArn></member>`,
          marker,
        ),
        GetRolePolicy: `<PolicyDocument>${policy}</PolicyDocument>`,
      }
      xml(answers[request.operation] ?? '')(request, response)
    })
    const role = await aws.iam.findRole('r')
    expect(Object.keys(role?.inline ?? {})).toEqual(['one', 'two'])
    expect(role?.attached).toEqual(['one', 'two'])
  })
})

const page = (list: string, member: (name: string) => string, marker: string | null): string =>
  marker === null
    ? `<${list}>${member('one')}</${list}><IsTruncated>true</IsTruncated><Marker>m</Marker>`
    : `<${list}>${member('two')}</${list}><IsTruncated>false</IsTruncated>`
