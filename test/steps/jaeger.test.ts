import { describe, expect, it } from 'vitest'
import { jaeger } from '../../steps/jaeger/jaeger.ts'
import { tracingOf } from '../../steps/jaeger/service.ts'
import { namespaces } from '../../steps/namespaces.ts'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { check, converge, plan } from './run.ts'

const tracing = (more: object) => ({ config: { tracing: { kind: 'jaeger', ...more } } })

async function deployed(world: FakeWorld = fakeWorld()): Promise<FakeWorld> {
  await converge(namespaces, world)
  await converge(jaeger, world)
  return world
}

function valuesOf(world: FakeWorld) {
  const spec = world.helm.calls.findLast(({ method }) => method === 'upgrade')?.spec
  if (spec === undefined) throw new Error('no upgrade')
  return spec.values as { jaeger: { podLabels: Record<string, string> } }
}

describe('jaeger', () => {
  it('bounds its store by the configuration, and makes Go keep to the limit', async () => {
    const world = await deployed(fakeWorld(tracing({ maxTraces: 500, memory: '1Gi' })))
    expect(valuesOf(world)).toMatchObject({
      jaeger: {
        image: { registry: 'docker.io' },
        extraEnv: [{ name: 'GOMEMLIMIT', value: String(Math.floor(2 ** 30 * 0.85)) }],
        resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '500m', memory: '1Gi' } },
      },
      userconfig: { extensions: { jaeger_storage: { backends: { memory: { memory: { max_traces: 500 } } } } } },
    })
  })

  // Defect 62: exporters and the Grafana data source named a Service that no version of the chart ever had.
  it('gives the address of its one Service to exporters and to Grafana', async () => {
    const world = await deployed()
    expect(await check(jaeger, world)).toEqual({
      state: 'current',
      out: {
        otlpHttp: 'http://jaeger.monitoring.svc:4318',
        otlpGrpc: 'http://jaeger.monitoring.svc:4317',
        query: 'http://jaeger.monitoring.svc:16686',
      },
    })
    const service = { apiVersion: 'v1', kind: 'Service', name: 'jaeger', namespace: 'monitoring' }
    expect(await world.kube.find(service)).toBeDefined()
  })

  // Defect 63: the values were written for the layout of Jaeger 1, and every one of them was ignored.
  it('sets no value of the layout that the chart left behind', async () => {
    const world = await deployed()
    const old = ['allInOne', 'collector', 'query', 'agent', 'storage', 'provisionDataStore', 'labels']
    expect(Object.keys(valuesOf(world)).filter((key) => old.includes(key))).toEqual([])
  })

  it('rolls its pod when the configuration differs, which the chart does not', async () => {
    const world = await deployed()
    const mark = valuesOf(world).jaeger.podLabels['llmgw.dev/configuration']
    expect(mark).toMatch(/^[0-9a-f]{8}$/)
    const other = world.with(tracing({ maxTraces: 20_000 }))
    expect(plan(await check(jaeger, other))).toEqual(['update helm release monitoring/jaeger'])
    await converge(jaeger, other)
    expect(valuesOf(other).jaeger.podLabels['llmgw.dev/configuration']).not.toBe(mark)
  })

  it('is no step, and has no address, where tracing is off', () => {
    const world = fakeWorld({ config: { tracing: { kind: 'none' } } })
    expect(jaeger.off?.(world)).toBe('tracing.kind is none')
    expect(tracingOf(world.config)).toBeUndefined()
  })
})
