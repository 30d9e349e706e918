import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectAws } from '../../src/adapters/aws/connect-aws.ts'
import { LlmgwError } from '../../src/errors.ts'
import { type StubAws, stubAws } from '../adapters/aws/stub-aws.ts'
import { type ApiServer, apiServer } from '../adapters/kube/api-server.ts'
import { FUZZ } from './settings.ts'
import { text } from './text.ts'

interface Given {
  readonly status: number
  readonly body: string
  /** The connection breaks off in the middle of it. */
  readonly cut: boolean
}

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', resourceVersion: '1' } }
/** Right, cut, of another type, or anything at all. */
const body = fc.oneof(
  fc
    .constantFrom(POD, { metadata: {}, items: [POD] }, { metadata: {}, items: null })
    .map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '"text"',
    '{"items":{}}',
    '{"metadata":null}',
    '{"metadata":{},"items":[null]}',
    '<html>',
  ),
  fc
    .tuple(fc.constantFrom(JSON.stringify({ metadata: {}, items: [POD] })), fc.nat(60))
    .map(([json, end]) => json.slice(0, end)),
  fc.json(),
  text(200),
)
const given = fc.record({
  status: fc.constantFrom(200, 200, 200, 201, 302, 400, 403, 404, 409, 410, 418, 422),
  body,
  cut: fc.boolean(),
})

let answer: Given = { status: 200, body: '', cut: false }

interface Writable {
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown
  write(text: string, done: () => void): unknown
  end(text: string): unknown
  destroy(): unknown
}

function reply(response: Writable): void {
  const length = Buffer.byteLength(answer.body)
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': answer.cut ? length + 9 : length,
  })
  if (answer.cut) response.write(answer.body, () => response.destroy())
  else response.end(answer.body)
}

/** The result, or an error that a user can act on. Anything else that is thrown is a crash. */
async function outcome(work: () => Promise<unknown>): Promise<'result' | string> {
  try {
    await work()
    return 'result'
  } catch (error) {
    if (!(error instanceof LlmgwError)) throw error
    expect(error.code).not.toBe('Bug')
    expect(error.message).not.toBe('')
    return error.code
  }
}

describe('an API server that answers anything', () => {
  let server: ApiServer
  beforeAll(async () => {
    server = await apiServer((response) => reply(response))
  })
  afterAll(() => server.close())
  const ref = { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'p' }
  const calls: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
    find: (signal) => server.kube.find(ref, signal),
    list: (signal) => server.kube.list({ apiVersion: 'v1', kind: 'Pod' }, signal),
    'list of a kind that has to be looked up': (signal) =>
      server.kube.list({ apiVersion: 'example.com/v1', kind: 'Widget' }, signal),
    apply: (signal) =>
      server.kube.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n' } }, { signal }),
    version: (signal) => server.kube.version(signal),
    canI: (signal) => server.kube.canI({ verb: 'get', group: '', resource: 'pods' }, signal),
    remove: (signal) => server.kube.remove(ref, { signal }),
  }

  it.each(Object.keys(calls))('%s ends with a result or an error of ours', async (name) => {
    await fc.assert(
      fc.asyncProperty(given, async (next) => {
        answer = next
        await outcome(() => calls[name]?.(AbortSignal.timeout(20_000)) ?? Promise.reject(new Error(name)))
      }),
      { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 4) },
    )
  })

  it('gives no half object: what it finds has a name', async () => {
    await fc.assert(
      fc.asyncProperty(given, async (next) => {
        answer = next
        await outcome(async () => {
          const found = await server.kube.find(ref, AbortSignal.timeout(20_000))
          if (found) expect(found.metadata.name).toEqual(expect.any(String))
        })
      }),
      { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 4) },
    )
  })

  it.each([
    [{ status: 200, body: '{"metadata":{}', cut: false }, 'KubeUnreachable'],
    [{ status: 200, body: '{"metadata":{"name":7}}', cut: false }, 'KubeUnreachable'],
    [{ status: 200, body: JSON.stringify(POD), cut: true }, 'KubeUnreachable'],
    [{ status: 200, body: JSON.stringify(POD), cut: false }, 'result'],
    [{ status: 410, body: '', cut: false }, 'KubeRefused'],
  ])('%j is %s', async (next, code) => {
    answer = next
    expect(await outcome(() => server.kube.find(ref, AbortSignal.timeout(20_000)))).toBe(code)
  })

  it('that says "expired" to every list is not asked for ever', async () => {
    answer = { status: 410, body: '', cut: false }
    expect(await outcome(() => calls.list?.(AbortSignal.timeout(20_000)) ?? Promise.reject())).toBe('KubeRefused')
  })
})

describe('AWS that answers anything', () => {
  let stub: StubAws
  beforeAll(async () => {
    stub = await stubAws((_request, response) => reply(response))
  })
  afterAll(() => stub.close())
  const connect = () =>
    connectAws({
      region: 'eu-west-1',
      endpointUrl: stub.url,
      credentials: { accessKeyId: 'AKIDSANDBOX', secretAccessKey: 'sandbox-secret' },
      maxAttempts: 1,
    })
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    'sts callerIdentity': () => connect().sts.callerIdentity(),
    'iam findRole': () => connect().iam.findRole('r'),
    'secretsManager describe': () => connect().secretsManager.describe('s'),
    'eks findCluster': () => connect().eks.findCluster('c'),
  }

  it.each(Object.keys(calls))('%s ends with a result or an error of ours', async (name) => {
    await fc.assert(
      fc.asyncProperty(given, async (next) => {
        answer = next
        await outcome(() => calls[name]?.() ?? Promise.reject(new Error(name)))
      }),
      { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 4) },
    )
  })
})
