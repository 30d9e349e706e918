import { describe, expect, it } from 'vitest'
import { clusterAddresses, route, servedAddresses, serviceNames } from '../../../src/sandbox/runtime/routes.ts'
import { container, pod, service } from './pods.ts'

const target = { address: '127.96.0.10', port: 4000 }
const gateway = service('litellm', { selector: { app: 'litellm' }, ports: [{ port: 4000, targetPort: 'http' }] })
const behind = { pod: pod({ spec: { containers: [container({ ports: [{ name: 'http', containerPort: 4001 }] })] } }) }

describe('where a Service leads', () => {
  it('is a ready Pod that it selects, at the port that it names', () => {
    expect(route(target, [gateway], [{ ...behind, ready: true }])?.port).toBe(4001)
  })

  it('is nowhere when the Pod is not ready, is selected by another label, or the port is another', () => {
    expect(route(target, [gateway], [{ ...behind, ready: false }])).toBeUndefined()
    const other = service('litellm', { selector: { app: 'other' }, ports: [{ port: 4000 }] })
    expect(route(target, [other], [{ ...behind, ready: true }])).toBeUndefined()
    expect(route({ ...target, port: 80 }, [gateway], [{ ...behind, ready: true }])).toBeUndefined()
    const elsewhere = service('litellm', { selector: { app: 'litellm' }, ports: [{ port: 4000 }] }, 'other')
    expect(route(target, [elsewhere], [{ ...behind, ready: true }])).toBeUndefined()
    const unnamed = service('litellm', { selector: { app: 'litellm' }, ports: [{ port: 4000, targetPort: 'web' }] })
    expect(route(target, [unnamed], [{ ...behind, ready: true }])).toBeUndefined()
  })

  it('may be a Pod that is not ready, where the Service says so', () => {
    const announce = service('announce', {
      selector: { app: 'litellm' },
      ports: [{ port: 4000 }],
      publishNotReadyAddresses: true,
    })
    expect(route(target, [announce], [{ ...behind, ready: false }])?.port).toBe(4000)
  })

  it('is opened for Services with a Pod behind them only', () => {
    const lonely = service('lonely', { selector: { app: 'nobody' } })
    expect(servedAddresses([gateway, lonely], [{ ...behind, ready: false }])).toEqual([target])
  })
})

describe('a headless Service', () => {
  const headless = service('redis', {
    clusterIP: 'None',
    selector: { app: 'litellm' },
    ports: [{ port: 4001, targetPort: 'other' }],
  })
  const [served] = servedAddresses([headless], [{ ...behind, ready: false }])

  it('leads to the port of its Pods that was asked for, from inside Pods alone', () => {
    expect(served?.address).toMatch(/^127\.(3[2-9]|[45]\d|6[0-3])\.\d+\.\d+$/)
    expect(route(served ?? target, [gateway, headless], [{ ...behind, ready: true }])?.port).toBe(4001)
    expect(clusterAddresses([gateway, headless], [target, served ?? target])).toEqual([target])
  })

  it('is nowhere while no Pod is ready', () => {
    expect(route(served ?? target, [headless], [{ ...behind, ready: false }])).toBeUndefined()
  })
})

describe('names in a Pod', () => {
  it('are those of all Services, the short ones of its own namespace only; an external one has no address', () => {
    const services = [gateway, service('ui', {}, 'open-webui'), service('elsewhere', { clusterIP: '' })]
    expect(serviceNames(services, 'litellm')).toEqual([
      '127.96.0.10 litellm.litellm.svc.cluster.local litellm.litellm.svc litellm.litellm litellm',
      '127.96.0.10 ui.open-webui.svc.cluster.local ui.open-webui.svc ui.open-webui',
    ])
  })

  it('lead to an address of its own for a headless one, the same in every Pod', () => {
    const headless = [service('redis', { clusterIP: 'None' })]
    const [line] = serviceNames(headless, 'litellm')
    expect(line).toMatch(/^127\.\d+\.\d+\.\d+ redis\.litellm\.svc\.cluster\.local /)
    expect(serviceNames(headless, 'other')[0]?.split(' ')[0]).toBe(line?.split(' ')[0])
  })
})
