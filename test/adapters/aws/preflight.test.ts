import { afterEach, describe, expect, it } from 'vitest'
import { connectAws } from '../../../src/adapters/aws/connect-aws.ts'
import { type Answer, type StubAws, stubAws, xml } from './stub-aws.ts'

const open: StubAws[] = []
afterEach(async () => {
  for (const stub of open.splice(0)) await stub.close()
})

async function connect(answer: Answer, expiration?: Date) {
  const stub = await stubAws(answer)
  open.push(stub)
  const credentials = {
    accessKeyId: 'AKIDSANDBOX',
    secretAccessKey: 'sandbox-secret',
    ...(expiration === undefined ? {} : { expiration }),
  }
  return { stub, aws: connectAws({ region: 'eu-west-1', endpointUrl: stub.url, credentials, maxAttempts: 1 }) }
}

const IDENTITY = xml('<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/u</Arn>')
const dated =
  (date: string): Answer =>
  (request, response) => {
    response.sendDate = false
    if (date !== '') response.setHeader('date', date)
    IDENTITY(request, response)
  }

describe('the clock of AWS', () => {
  it('is read from the Date header', async () => {
    const { aws } = await connect(dated(new Date(Date.now() + 3_600_000).toUTCString()))
    const { skewMs = 0 } = await aws.sts.callerIdentity()
    expect(Math.round(skewMs / 60_000)).toBe(60)
  })

  it.each(['', 'soon'])('is unknown with the header "%s"', async (date) => {
    const { aws } = await connect(dated(date))
    expect(await aws.sts.callerIdentity()).not.toHaveProperty('skewMs')
  })
})

describe('the end of the credentials', () => {
  it('is what they say, or unknown', async () => {
    const end = new Date(Date.now() + 600_000)
    expect(await (await connect(IDENTITY, end)).aws.credentialsEnd()).toBe(end.getTime())
    expect(await (await connect(IDENTITY)).aws.credentialsEnd()).toBeUndefined()
  })
})

describe('a simulation of IAM', () => {
  const member = (action: string, decision: string) =>
    `<member><EvalActionName>${action}</EvalActionName><EvalResourceName>arn:r</EvalResourceName><EvalDecision>${decision}</EvalDecision></member>`

  it('reads every page, and takes only "allowed" for a yes', async () => {
    const { aws, stub } = await connect((request, response) => {
      const isSecond = new URLSearchParams(request.body).has('Marker')
      const page = isSecond
        ? `<EvaluationResults>${member('iam:TagRole', 'explicitDeny')}</EvaluationResults><IsTruncated>false</IsTruncated>`
        : `<EvaluationResults>${member('iam:GetRole', 'allowed')}${member('iam:CreateRole', 'implicitDeny')}</EvaluationResults><IsTruncated>true</IsTruncated><Marker>next</Marker>`
      xml(page)(request, response)
    })
    const actions = ['iam:GetRole', 'iam:CreateRole', 'iam:TagRole']
    const answers = await aws.iam.simulate({
      principal: 'arn:aws:iam::1:role/r',
      actions,
      resources: ['arn:r'],
      context: { 'aws:RequestTag/a': 'b' },
    })
    expect(answers.map(({ action, allowed }) => [action, allowed])).toEqual([
      ['iam:GetRole', true],
      ['iam:CreateRole', false],
      ['iam:TagRole', false],
    ])
    const [first] = stub.requests
    expect(Object.fromEntries(new URLSearchParams(first?.body))).toMatchObject({
      Action: 'SimulatePrincipalPolicy',
      PolicySourceArn: 'arn:aws:iam::1:role/r',
      'ActionNames.member.2': 'iam:CreateRole',
      'ContextEntries.member.1.ContextKeyName': 'aws:RequestTag/a',
    })
  })
})
