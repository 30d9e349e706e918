import { describe, expect, it } from 'vitest'
import { eksToken, signEksToken } from '../../../src/adapters/aws/eks-token.ts'

const now = new Date('2026-01-02T03:04:05Z')
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const urlOf = (token: string) => new URL(Buffer.from(token.replace('k8s-aws-v1.', ''), 'base64url').toString('utf8'))

describe('signEksToken', () => {
  it('signs as botocore, the library of `aws eks get-token`, does', () => {
    const { token } = signEksToken({ region: 'eu-west-1', clusterName: 'demo-cluster', credentials, now })
    // Made with botocore 1.44.5, RequestSigner.generate_presigned_url, with the same date and keys.
    expect(urlOf(token).href).toBe(
      'https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=baaba108794b3e00234b34101da939f9f42efd3663996a25912f4871917bc963',
    )
    expect(token).toMatch(/^k8s-aws-v1\.[\w-]+$/)
  })

  it('signs with a session token, its odd characters and another partition as botocore does', () => {
    const session = { ...credentials, sessionToken: "FwoGZXIvYXdzE/+=(x)*'!~" }
    const made = signEksToken({ region: 'cn-north-1', clusterName: 'demo-cluster', credentials: session, now })
    const url = urlOf(made.token)
    expect(url.host).toBe('sts.cn-north-1.amazonaws.com.cn')
    expect(url.searchParams.get('X-Amz-Security-Token')).toBe(session.sessionToken)
    expect(url.searchParams.get('X-Amz-Signature')).toBe(
      '1591dfe268e3d96e1cae26033e5d5fc348c0e393fa382e57664d6224cfb08ec8',
    )
  })

  it('binds the token to one cluster', () => {
    const signature = (clusterName: string) =>
      urlOf(signEksToken({ region: 'eu-west-1', clusterName, credentials, now }).token).searchParams.get(
        'X-Amz-Signature',
      )
    expect(signature('one')).not.toBe(signature('two'))
  })
})

describe('eksToken', () => {
  const minutes = (count: number) => new Date(now.getTime() + count * 60_000)
  function source(expiration?: Date) {
    let time = now
    let asked = 0
    const get = eksToken({
      region: 'eu-west-1',
      clusterName: 'demo',
      credentials: async () => {
        asked += 1
        return { ...credentials, ...(expiration ? { expiration } : {}) }
      },
      now: () => time,
    })
    const at = async (minute: number) => {
      time = minutes(minute)
      return (await get()).token
    }
    return { at, asked: () => asked }
  }

  it('keeps a token until a minute before the server refuses it', async () => {
    const { at, asked } = source()
    const first = await at(0)
    expect(await at(13.9)).toBe(first)
    expect(await at(14)).not.toBe(first)
    expect(asked()).toBe(2)
  })

  it('renews earlier when its credentials end earlier', async () => {
    const { at } = source(minutes(5))
    const first = await at(0)
    expect(await at(4.9)).toBe(first)
    expect(await at(5)).not.toBe(first)
  })
})
