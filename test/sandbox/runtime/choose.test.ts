import { describe, expect, it } from 'vitest'
import { choose } from '../../../src/sandbox/runtime/choose.ts'
import type { Pod } from '../../../src/sandbox/runtime/objects.ts'
import {
  IMAGES,
  initProgram,
  lackOf,
  type Program,
  type Programs,
  realProgram,
} from '../../../src/sandbox/runtime/programs.ts'
import { leavingRealPods } from '../../../src/sandbox/runtime/stages.ts'
import { container, pod } from './pods.ts'

const program = (name: Program['name']): Program => ({
  name,
  title: name,
  entrypoint: [],
  command: [],
  environment: {},
  workingDir: '/',
  user: 0,
  folders: [],
})
const programs: Programs = { litellm: program('litellm'), redis: program('redis') }

const replica = (name: string, owner: string, kind: string, over: Partial<Pod['metadata']> = {}): Pod =>
  pod({
    metadata: { name, uid: `uid-${name}`, ownerReferences: [{ kind, uid: owner, controller: true }], ...over },
  })

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name)
const none = new Set<string>()

describe('which Pods are real', () => {
  it('is one of each workload: the first ordinal of a StatefulSet, else the oldest', () => {
    const pods = [
      replica('server-1', 'set', 'StatefulSet'),
      replica('server-0', 'set', 'StatefulSet'),
      replica('b', 'rs', 'ReplicaSet', { creationTimestamp: '2026-01-01T00:00:01Z' }),
      replica('a', 'rs', 'ReplicaSet', { creationTimestamp: '2026-01-01T00:00:02Z' }),
    ]
    const { real, replicas } = choose(pods, programs, none)
    expect(names(real)).toEqual(['server-0', 'b'])
    expect(replicas.map(({ pod: { metadata }, of }) => [metadata.name, of])).toEqual([
      ['server-1', 'uid-server-0'],
      ['a', 'uid-b'],
    ])
  })

  it('stays the one that is real already, until it goes', () => {
    const [one, other] = [replica('a', 'rs', 'ReplicaSet'), replica('b', 'rs', 'ReplicaSet')]
    expect(names(choose([one, other], programs, new Set(['uid-b'])).real)).toEqual(['b'])
    const leaving = replica('b', 'rs', 'ReplicaSet', { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect(names(choose([one, leaving], programs, new Set(['uid-b'])).real)).toEqual(['a'])
  })

  it('leaves alone what is not on a node, is over, or has an image that this machine cannot run', () => {
    const stranger = pod({ spec: { containers: [container({ image: 'nginx:1' })] } })
    const unscheduled: Pod = { ...pod(), spec: { containers: [container()] } }
    expect(choose([stranger, unscheduled, pod({ status: { phase: 'Succeeded' } })], programs, none)).toEqual({
      real: [],
      replicas: [],
    })
  })

  it('knows images by the last part of their path, whatever the registry', () => {
    const matches = (image: string) =>
      Object.entries(IMAGES).flatMap(([name, expression]) => (new RegExp(expression).test(image) ? [name] : []))
    expect(matches('ghcr.io/berriai/litellm-database:main')).toEqual(['litellm'])
    expect(matches('mirror.example.com:5000/x/redis@sha256:abc')).toEqual(['redis'])
    expect(matches('quay.io/oliver006/redis_exporter:v1')).toEqual([])
    expect(matches('docker.io/library/haproxy')).toEqual(['haproxy'])
    expect(matches('ghcr.io/open-webui/open-webui:0.11.0')).toEqual(['open-webui'])
    expect(matches('ghcr.io/open-webui/pipelines:main')).toEqual([])
  })

  it('runs the server of a Redis Pod for real, and not what only watches it', () => {
    const redis = (command: readonly string[]) => container({ image: 'redis:8', command })
    expect(realProgram(redis(['redis-server', '/c']), programs)?.name).toBe('redis')
    expect(realProgram(redis(['redis-sentinel', '/c']), programs)).toBeUndefined()
    expect(realProgram(container({ args: ['proxy'] }), programs)?.name).toBe('litellm')
    expect(realProgram(container({ args: ['metrics', '--port', '4001'] }), programs)).toBeUndefined()
  })

  it('is kept from kwok: its stages that move Pods on get one more condition, others none', () => {
    const stage = (kind: string, name: string) =>
      `kind: Stage\nmetadata: {name: ${name}}\nspec: {resourceRef: {kind: ${kind}}, selector: {matchExpressions: []}}\n`
    const change = leavingRealPods(programs)
    expect(change(stage('Pod', 'pod-ready'))).toContain('(^|/)litellm(-[a-z_]+)?(:|@|$)')
    expect(change(stage('Pod', 'pod-delete'))).toBe(stage('Pod', 'pod-delete'))
    expect(change(stage('Node', 'pod-ready'))).toBe(stage('Node', 'pod-ready'))
  })

  it('leaves out a Redis that is given a certificate, where the program was built without TLS', () => {
    const [plain, given] = [[], [{ name: 'tls-certs', mountPath: '/tls-certs' }]].map((volumeMounts) =>
      container({ image: 'docker.io/library/redis:8', command: ['redis-server'], volumeMounts }),
    )
    if (!plain || !given) throw new Error('no containers')
    const without: Programs = { redis: { ...program('redis'), title: 'Redis 6', withoutTls: true } }
    expect([realProgram(plain, without)?.name, initProgram(plain, without)?.name]).toEqual(['redis', 'redis'])
    expect([realProgram(given, without), initProgram(given, without)]).toEqual([undefined, undefined])
    expect([lackOf(plain, without), lackOf(given, programs)]).toEqual([undefined, undefined])
    expect(lackOf(given, without)).toMatch(/^Redis 6 was built without TLS/)
    expect(realProgram(given, programs)?.name).toBe('redis')
  })
})
