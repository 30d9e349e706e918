import { describe, expect, it } from 'vitest'
import type { FakeRedisServer } from '../fakes/fake-redis.ts'
import type { FakeWorld } from '../fakes/fake-world.ts'
import { replacePods } from '../fakes/kube/pods.ts'
import { runCli } from './run-cli.ts'
import { copyOf, deployment, failAt, platform, reads } from './secrets-world.ts'

const NAMESPACE = 'litellm'
const SERVERS = 'redis-redis-ha-server'
const ROTATE = 'secrets rotate redis-password --yes'
const env = reads('redis-credentials', 'redis-password')

const password = (world: FakeWorld) => copyOf(world, NAMESPACE, 'redis-credentials', 'redis-password')
const serversOf = ({ redis }: FakeWorld): readonly FakeRedisServer[] => [...redis.servers.values()]
const restarted = ({ redis }: FakeWorld) => redis.writes.filter((write) => write.startsWith('restart '))

const podsOf = async ({ kube }: FakeWorld) => {
  const pods = await kube.list({ apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE })
  return pods.filter(({ metadata }) => metadata.name.startsWith(SERVERS))
}

/**
 * The platform with three Redis servers, their proxy and a client. A restart of the servers replaces them one by one, and does
 * not get on where one that knows the new password alone would have to follow one that refuses it.
 */
async function clustered(): Promise<FakeWorld> {
  const world = await platform()
  const { kube, redis } = world
  const ref = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: NAMESPACE, name: SERVERS }
  const live = await kube.find(ref)
  const release = { 'meta.helm.sh/release-name': 'redis' }
  kube.seed({
    ...ref,
    metadata: { ...(live?.metadata ?? {}), name: SERVERS, namespace: NAMESPACE, annotations: release },
    spec: { replicas: 3, template: { spec: { containers: [{ name: 'redis', env }] } } },
    status: live?.status,
  })
  await kube.create(deployment(NAMESPACE, 'presents-it', { env }))
  await kube.create(deployment(NAMESPACE, 'proxy', { env }, 'redis'))
  const start = async () => {
    const set = await kube.find(ref)
    if (set !== undefined) await replacePods(kube, set)
    for (const { metadata, ...pod } of await podsOf(world)) {
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
      kube.seed({ ...pod, metadata, status }, 'controller')
      const place = `${NAMESPACE}/${metadata.name}`
      if (!redis.servers.has(place)) redis.start(NAMESPACE, metadata.name, await password(world))
    }
  }
  await start()
  for (const name of ['presents-it', 'proxy']) {
    const workload = await kube.find({ ...ref, kind: 'Deployment', name })
    if (workload !== undefined) await replacePods(kube, workload)
  }
  await world.clock.sleep(2_000)
  const { patch } = kube
  kube.patch = async (target, body, signal) => {
    if (target.name === SERVERS) {
      const next = await password(world)
      const untold = serversOf(world).filter(({ takes, presents }) => !takes.has(next) || presents !== next)
      if (untold.length > 0) throw new Error('the rollout hangs')
      redis.servers.clear()
    }
    const patched = await patch(target, body, signal)
    if (target.kind === 'StatefulSet' || target.kind === 'Deployment') redis.writes.push(`restart ${target.name}`)
    await start()
    return patched
  }
  return world
}

describe("a rotation of Redis' password with several servers", () => {
  it('has every server and Sentinel take the new one before anything restarts, and the servers restart last', async () => {
    const world = await clustered()
    const before = await password(world)
    const { code, stdout, stderr } = await runCli(ROTATE, { world })
    expect(code, stdout + stderr).toBe(0)
    const after = await password(world)
    expect(after).not.toBe(before)
    const kinds = world.redis.writes.map((write) => write.replace(/ litellm\/.*/, ''))
    expect(kinds.slice(0, 9)).toEqual([
      ...Array(3).fill('accept'),
      ...Array(3).fill('sentinel'),
      ...Array(3).fill('present'),
    ])
    expect(kinds.slice(9).sort()).toEqual(['restart presents-it', 'restart proxy', `restart ${SERVERS}`])
    expect(kinds.at(-1)).toBe(`restart ${SERVERS}`)
    for (const server of serversOf(world)) expect([...server.takes]).toEqual([after])
    expect(stdout).toMatch(new RegExp(`Restarted, one pod after the other: .*proxy, .*${SERVERS}`))
    for (const value of [before, after]) expect(stdout + stderr).not.toContain(value)
  })

  it('changes nothing in the cluster while one that serves takes none of our passwords', async () => {
    const world = await clustered()
    const before = await password(world)
    const [, second] = serversOf(world)
    second?.takes.clear()
    const { code, stdout, stderr } = await runCli(ROTATE, { world })
    expect(code).toBe(1)
    expect(stdout + stderr).toContain('CacheRefused')
    expect(restarted(world)).toEqual([])
    expect(await password(world)).toBe(before)
    second?.takes.add(before)
    const again = await runCli(ROTATE, { world })
    expect(again.code, again.stdout).toBe(0)
    expect(await password(world)).not.toBe(before)
  })

  it('believes no server that agrees and goes on as before', async () => {
    const world = await clustered()
    world.redis.isDeaf = true
    const { code, stdout, stderr } = await runCli(ROTATE, { world })
    expect(code).toBe(1)
    expect(stdout + stderr).toContain('CacheRefused')
    expect(restarted(world)).toEqual([])
  })

  it('leaves out one that is not ready and cannot be told, and says so', async () => {
    const world = await clustered()
    const [first] = await podsOf(world)
    const place = `${NAMESPACE}/${first?.metadata.name}`
    if (first !== undefined) world.kube.seed({ ...first, status: { phase: 'Running' } }, 'controller')
    world.redis.servers.get(place)?.takes.clear()
    const { stdout, stderr } = await runCli(ROTATE, { world })
    expect(stdout + stderr).toContain(`${place} is not ready and cannot be told`)
    expect(world.redis.writes.filter((write) => write.startsWith('accept'))).toHaveLength(2)
    // The controllers of this test are not indifferent to it.
    expect(stdout + stderr).toContain('the rollout hangs')
  })

  it.each(['accept', 'sentinel', 'present'])('goes on, and back, after the second %s was cut', async (kind) => {
    for (const back of [false, true]) {
      const world = await clustered()
      const before = await password(world)
      let calls = 0
      world.redis.cut = (write) => {
        calls += write.startsWith(kind) ? 1 : 0
        return calls === 2
      }
      const cut = await runCli(ROTATE, { world })
      expect(cut.code).toBe(1)
      expect(cut.stdout + cut.stderr).toContain('did not answer (CacheRefused)')
      expect(restarted(world)).toEqual([])
      const again = await runCli(`${ROTATE}${back ? ' --back' : ''}`, { world })
      expect(again.code, again.stdout + again.stderr).toBe(0)
      const after = await password(world)
      expect(after === before).toBe(back)
      for (const server of serversOf(world)) expect(server.takes.has(after) && server.presents === after).toBe(true)
    }
  })

  it('goes back after servers have restarted with the new one: they take the old one again first', async () => {
    const world = await clustered()
    const before = await password(world)
    failAt(world, 'secretsManager.removeLabel', 1)
    expect((await runCli(ROTATE, { world })).code).toBe(1)
    expect(serversOf(world)).toHaveLength(3)
    for (const server of serversOf(world)) expect(server.takes.has(before)).toBe(false)
    const back = await runCli(`${ROTATE} --back`, { world })
    expect(back.code, back.stdout + back.stderr).toBe(0)
    expect(await password(world)).toBe(before)
    for (const server of serversOf(world)) expect([...server.takes]).toEqual([before])
  })

  it('has nobody to tell where pods are simulated, and says so', async () => {
    const world = await clustered()
    const pods = await podsOf(world)
    world.kube.seed({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'kwok-node', annotations: { 'kwok.x-k8s.io/node': 'fake' } },
    })
    for (const pod of pods)
      world.kube.seed({ ...pod, spec: { ...(pod.spec as object), nodeName: 'kwok-node' } }, 'controller')
    world.redis.servers.clear()
    const { code, stdout, stderr } = await runCli(ROTATE, { world })
    expect(code, stdout + stderr).toBe(0)
    for (const { metadata } of pods) expect(stdout + stderr).toContain(`${NAMESPACE}/${metadata.name} is simulated`)
    expect(world.redis.writes.filter((write) => !write.startsWith('restart'))).toEqual([])
  })
})
