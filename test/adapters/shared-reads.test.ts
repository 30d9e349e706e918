import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { connectAws } from '../../src/adapters/aws/connect-aws.ts'
import { shareReads } from '../../src/adapters/shared-reads.ts'
import type { KubeObject } from '../../src/ports/kube.ts'
import { anyRead, stubAws } from './aws/stub-aws.ts'
import { json, refused, useApiServers } from './kube/api-server.ts'

const start = useApiServers()

const REF = { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: 'n' }
const pod = (resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'n', resourceVersion },
})
const versionOf = (found: KubeObject | undefined) => found?.metadata.resourceVersion

describe('reads of the same object', () => {
  test('at the same time are one where they may share, and each its own everywhere else', async () => {
    const { kube, requests } = await start(json(pod('1')))
    await shareReads(() => Promise.all([kube.find(REF), kube.find(REF), kube.list(REF)]))
    expect(requests).toHaveLength(2)
    await Promise.all([kube.find(REF), kube.find(REF)])
    expect(requests).toHaveLength(4)
  })

  test('one after the other see what has changed in between', async () => {
    const { kube } = await start(json(pod('1')), json(pod('2')))
    const both = await shareReads(async () => [await kube.find(REF), await kube.find(REF)])
    expect(both.map(versionOf)).toEqual(['1', '2'])
  })

  test('fail together when the server refuses', async () => {
    const { kube, requests } = await start(refused(403, 'Forbidden', 'no'))
    const both = await shareReads(() => Promise.allSettled([kube.find(REF), kube.find(REF)]))
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(requests).toHaveLength(1)
  })

  test('do not end with that of another who gave up', async () => {
    const asked = new EventEmitter()
    const { kube, requests } = await start(() => void asked.emit('asked'), json(pod('2')))
    const controller = new AbortController()
    const [first, second] = await shareReads(async () => {
      const reached = once(asked, 'asked')
      const both = Promise.allSettled([kube.find(REF, controller.signal), kube.find(REF)])
      await reached
      controller.abort(new Error('given up'))
      return await both
    })
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'given up' } })
    expect(second).toMatchObject({ status: 'fulfilled', value: { metadata: { resourceVersion: '2' } } })
    expect(requests).toHaveLength(2)
  })

  test('end at once for who gives up, while the others get their answer', async () => {
    const seen = new EventEmitter()
    const { kube, requests } = await start(async (response, request) => {
      seen.emit('asked')
      await once(seen, 'answer')
      json(pod('1'))(response, request)
    })
    const controller = new AbortController()
    await shareReads(async () => {
      const reached = once(seen, 'asked')
      const first = kube.find(REF)
      const second = kube.find(REF, controller.signal)
      await reached
      controller.abort(new Error('given up'))
      await expect(second).rejects.toThrow('given up')
      seen.emit('answer')
      expect(versionOf(await first)).toBe('1')
    })
    expect(requests).toHaveLength(1)
  })
})

describe('reads of AWS', () => {
  test('of the same object at the same time are one, but never those of somebody else', async () => {
    const stub = await stubAws(anyRead)
    const connect = (accessKeyId: string) =>
      connectAws({
        region: 'us-east-1',
        endpointUrl: stub.url,
        credentials: { accessKeyId, secretAccessKey: 'planted-canary' },
      })
    const [own, other] = [connect('AKIAOWN'), connect('AKIAOTHER')]
    try {
      const names = await shareReads(() =>
        Promise.all([own, own, other].map(({ secretsManager }) => secretsManager.describe('a'))),
      )
      expect(names.map((found) => found?.name)).toEqual(['a', 'a', 'a'])
      expect(
        stub.requests.map(({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1]).sort(),
      ).toEqual(['AKIAOTHER', 'AKIAOWN'])
    } finally {
      await stub.close()
    }
  })
})
