import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { connectKube } from '../../../src/adapters/kube/index.ts'
import type { KubeObject } from '../../../src/ports/kube.ts'
import { type Answer, type ApiServer, apiServer, json, refused, reset, useApiServers } from './api-server.ts'

const start = useApiServers()

const pod = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', resourceVersion, uid: name },
})
const REF = { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: 'n' }
const QUERY = { apiVersion: 'v1', kind: 'Pod', namespace: 'n' }
const unavailable = refused(503, 'ServiceUnavailable', 'the server is currently unable to handle the request')

describe('retries', () => {
  test('a read goes on over 5xx, 429 and cut connections', async () => {
    const { kube, requests } = await start(
      unavailable,
      reset,
      refused(429, 'TooManyRequests', 'slow down'),
      json(pod('a', '1')),
    )
    expect((await kube.find(REF))?.metadata.name).toBe('a')
    expect(requests).toHaveLength(4)
  })

  test('that take their time are told why, while they go on', async () => {
    const { kube, delays } = await start(unavailable, async (response, request) => {
      await once(delays, 'told')
      json(pod('a', '1'))(response, request)
    })
    const told = once(delays, 'told')
    expect((await kube.find(REF))?.metadata.name).toBe('a')
    expect(await told).toEqual(['the API server answers 503 to get Pod n/a; still trying'])
  })

  test('end, and say that the server could not be asked, never that the object is missing', async () => {
    const { kube, requests } = await start(unavailable)
    await expect(kube.find(REF)).rejects.toMatchObject({ code: 'KubeUnreachable', exitCode: 3 })
    expect(requests).toHaveLength(5)
  })

  test('are not made for what may have been done already', async () => {
    const { kube, requests } = await start(reset, json(pod('a', '1'), 201))
    await expect(kube.create(pod('a', ''))).rejects.toMatchObject({ code: 'KubeUnreachable' })
    expect(requests).toHaveLength(1)
  })

  test('are made for a create that was turned away unread', async () => {
    const { kube, requests } = await start(refused(429, 'TooManyRequests', 'slow down'), json(pod('a', '1'), 201))
    expect((await kube.create(pod('a', ''))).metadata.name).toBe('a')
    expect(requests).toHaveLength(2)
  })

  test('are not made where the server asks for more patience than we have', async () => {
    const { kube, requests } = await start(refused(429, 'TooManyRequests', 'later', { 'retry-after': '3600' }))
    await expect(kube.find(REF)).rejects.toMatchObject({ code: 'KubeUnreachable', cause: 'later' })
    expect(requests).toHaveLength(1)
  })

  test('end at once when the signal aborts', async () => {
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const { kube, requests } = await start((response) => {
      controller.abort(reason)
      unavailable(response, response.req)
    })
    await expect(kube.find(REF, controller.signal)).rejects.toBe(reason)
    expect(requests).toHaveLength(1)
  })

  test('a removal whose answer was lost counts as ours', async () => {
    const { kube } = await start(reset, refused(404, 'NotFound', 'pods "a" not found'))
    expect(await kube.remove(REF)).toBe(true)
    expect(await kube.remove(REF)).toBe(false)
  })
})

describe('refusals', () => {
  test.each([
    [401, 'Unauthorized', 'Unauthorized', 'KubeUnauthorized', 3],
    [403, 'Forbidden', 'pods "a" is forbidden: User "ann" cannot get resource "pods"', 'KubeForbidden', 3],
    [422, 'Invalid', 'Pod "a" is invalid', 'KubeInvalid', 1],
    [409, 'Conflict', 'the object has been modified', 'Conflict', 1],
    [409, 'Conflict', 'Apply failed with 1 conflict: conflict with "hpa": .spec.replicas', 'KubeConflict', 1],
    [400, 'BadRequest', 'admission webhook "v.example.com" denied the request: no latest tags', 'AdmissionDenied', 1],
    [418, 'Teapot', 'short and stout', 'KubeRefused', 1],
  ])('%i %s becomes an error that names the object', async (status, reason, message, code, exitCode) => {
    const { kube, requests } = await start(refused(status, reason, message))
    const words = message.replace(/^admission webhook .*request: /, '')
    await expect(kube.apply(pod('a', ''))).rejects.toMatchObject({
      code,
      exitCode,
      cause: words,
      message: expect.stringContaining('Pod n/a'),
    })
    expect(requests).toHaveLength(1)
  })

  test('a webhook that does not answer is told from one that denies, and is asked again', async () => {
    const message = 'Internal error occurred: failed calling webhook "w.example.com": connect: connection refused'
    const { kube, requests } = await start(refused(500, 'InternalError', message))
    await expect(kube.apply(pod('a', ''))).rejects.toMatchObject({
      code: 'WebhookUnavailable',
      message: expect.stringContaining('"w.example.com"'),
    })
    expect(requests.length).toBeGreaterThan(1)
  })

  test('a proxy that answers in HTML is no API server', async () => {
    const { kube } = await start((response) => response.writeHead(200).end('<html>log in here</html>'))
    await expect(kube.apply(pod('a', ''))).rejects.toMatchObject({ code: 'KubeUnreachable' })
  })

  test('no text ever holds the token', async () => {
    const { kube, headers } = await start(refused(401, 'Unauthorized', 'Unauthorized'))
    const error: unknown = await kube.find(REF).catch((thrown: unknown) => thrown)
    expect(headers[0]?.authorization).toBe('Bearer token-of-the-test')
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('token-of-the-test')
  })
})

describe('lists', () => {
  test('follow continue, and start anew when the token has expired', async () => {
    const page = (names: readonly string[], next?: string) =>
      json({ metadata: { resourceVersion: '9', continue: next }, items: names.map((name) => pod(name, '1')) })
    const { kube, requests } = await start(
      page(['a'], 'more'),
      refused(410, 'Expired', 'too old'),
      page(['a', 'b'], 'more'),
      page(['c']),
    )
    const names = (await kube.list(QUERY)).map(({ metadata }) => metadata.name)
    expect(names).toEqual(['a', 'b', 'c'])
    expect(requests.map((request) => request.includes('continue='))).toEqual([false, true, false, true])
  })
})

describe('watches', () => {
  const list = (resourceVersion: string, ...items: readonly KubeObject[]) =>
    json({ metadata: { resourceVersion }, items })
  const events =
    (end: 'close' | 'cut' | 'open', ...lines: readonly object[]): Answer =>
    (response) => {
      response.writeHead(200).write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      if (end === 'close') response.end()
      if (end === 'cut') setTimeout(() => response.socket?.destroy(), 20)
    }
  const firstWith = async (server: ApiServer, name: string): Promise<string[]> => {
    for await (const found of server.kube.watch(QUERY, AbortSignal.timeout(10_000))) {
      const names = found.map(({ metadata }) => metadata.name)
      if (names.includes(name)) return names
    }
    throw new Error(`${name} was never seen`)
  }

  test.each(['close', 'cut'] as const)('go on from the last version when a stream is ended by a %s', async (end) => {
    const server = await start(
      list('5', pod('a', '5')),
      events(end, { type: 'ADDED', object: pod('b', '7') }, { type: 'BOOKMARK', object: pod('', '8') }),
      events('open', { type: 'ADDED', object: pod('c', '9') }),
    )
    expect(await firstWith(server, 'c')).toEqual(['a', 'b', 'c'])
    expect(server.requests.map((request) => /watch=true.*[?&]resourceVersion=(\d+)/.exec(request)?.[1])).toEqual([
      undefined,
      '5',
      '8',
    ])
  })

  test.each([
    ['in the stream', events('close', { type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })],
    ['as an answer', refused(410, 'Expired', 'too old')],
  ])('list anew after 410 %s', async (_where, expired) => {
    const server = await start(list('5', pod('a', '5')), expired, list('20', pod('c', '20')), events('open'))
    expect(await firstWith(server, 'c')).toEqual(['c'])
    expect(server.requests.filter((request) => !request.includes('watch='))).toHaveLength(2)
  })

  test('end with the refusal when the right to watch is missing', async () => {
    const server = await start(list('5'), refused(403, 'Forbidden', 'cannot watch'))
    await expect(firstWith(server, 'c')).rejects.toMatchObject({ code: 'KubeForbidden' })
  })

  test('that are left close their connection', async () => {
    let gone = (): void => undefined
    const end = new Promise<void>((resolve) => (gone = resolve))
    const controller = new AbortController()
    const server = await start(list('5', pod('c', '5')), (response) => {
      response.on('close', gone)
      response.writeHead(200).flushHeaders()
      // Only what was opened can be closed.
      controller.abort()
    })
    for await (const _ of server.kube.watch(QUERY, controller.signal));
    await expect(end).resolves.toBeUndefined()
  })
})

describe('connections', () => {
  test('loopback is never reached through the proxy of the environment', async () => {
    const target = await start(json({ gitVersion: 'v1.35.4' }))
    expect(await target.kube.version()).toBe('v1.35.4')
    const { proxyFor } = await import('../../../src/adapters/kube/proxy.ts')
    const environment = { HTTPS_PROXY: 'http://proxy.example.com:3128', NO_PROXY: 'corp.example.com,.internal' }
    const through = (url: string) => proxyFor(new URL(url), environment)
    expect(
      ['https://127.0.0.1:6443', 'https://localhost', 'https://[::1]:1', 'https://127.96.0.1'].map(through),
    ).toEqual([undefined, undefined, undefined, undefined])
    expect(through('https://a.corp.example.com')).toBeUndefined()
    expect(through('https://abc.eks.amazonaws.com')).toBe('http://proxy.example.com:3128')
  })

  test('a port where nobody listens is unreachable, by address', async () => {
    const server = await apiServer(json({}))
    await server.close()
    await expect(server.kube.version()).rejects.toMatchObject({
      code: 'KubeUnreachable',
      message: expect.stringContaining(server.url),
      cause: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('a missing file and an unknown context are said, with the contexts there are', async () => {
    const missing = connectKube({ kind: 'kubeconfig', path: '/nowhere/kubeconfig', context: 'test' })
    await expect(missing).rejects.toMatchObject({ code: 'KubeconfigUnusable', exitCode: 3 })
  })
})

describe('kinds that are not known beforehand', () => {
  const widgets = {
    kind: 'APIResourceList',
    groupVersion: 'a.example/v1',
    resources: [
      { name: 'widgets', kind: 'Widget', namespaced: true },
      { name: 'gadgets', kind: 'Gadget', namespaced: true },
    ],
  }
  const ref = (kind: string) => ({ apiVersion: 'a.example/v1', kind, name: 'a', namespace: 'n' })
  const discoveries = (requests: readonly string[]) => requests.filter((one) => one.endsWith('/apis/a.example/v1'))

  test('of one group are asked for once, also by many at the same time', async () => {
    const { kube, requests } = await start(json(widgets), refused(404, 'NotFound', 'not found'))
    await Promise.all(['Widget', 'Gadget', 'Widget'].map((kind) => kube.find(ref(kind))))
    expect(discoveries(requests)).toHaveLength(1)
    expect(requests).toHaveLength(4)
  })

  test('are asked for again by who waited for a question that failed', async () => {
    const { kube, requests } = await start(refused(403, 'Forbidden', 'no'), json(widgets), json(pod('a', '1')))
    const both = await Promise.allSettled([kube.find(ref('Widget')), kube.find(ref('Gadget'))])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(discoveries(requests)).toHaveLength(2)
  })

  test('are asked for again while there are none: a CustomResourceDefinition may come', async () => {
    const { kube, requests } = await start(refused(404, 'NotFound', 'not found'), json(widgets), json(pod('a', '1')))
    expect(await Promise.all([kube.find(ref('Widget')), kube.find(ref('Gadget'))])).toEqual([undefined, undefined])
    expect(discoveries(requests)).toHaveLength(1)
    expect((await kube.find(ref('Widget')))?.metadata.name).toBe('a')
  })
})

describe('what is served, in one answer', () => {
  const discovery = (resources: unknown) => ({
    kind: 'APIGroupDiscoveryList',
    items: [{ metadata: { name: 'a.example' }, versions: [{ version: 'v1' }, { version: 'v2', resources }] }],
  })

  test('is what may be created; a definition that is being removed has no such verb', async () => {
    const { kube, requests } = await start(
      json(
        discovery([
          { resource: 'things', verbs: ['create', 'get'] },
          { resource: 'leaving', verbs: ['get', 'delete'] },
        ]),
      ),
    )
    expect([...((await kube.served()) ?? [])]).toEqual(['things.a.example'])
    expect(requests).toEqual(['GET /apis'])
  })

  test('cannot be told by an older server', async () => {
    const { kube } = await start(json({ kind: 'APIGroupList', groups: [{ name: 'a.example' }] }))
    expect(await kube.served()).toBeUndefined()
  })

  test.each([[{ kind: 'APIGroupDiscoveryList' }], [discovery('none')], [discovery([{ resource: 1, verbs: [] }])]])(
    'of another form is an answer of somebody else: %j',
    async (answer) => {
      const { kube } = await start(json(answer))
      await expect(kube.served()).rejects.toMatchObject({ code: 'KubeUnreachable' })
    },
  )
})
