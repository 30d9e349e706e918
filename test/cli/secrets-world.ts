import { expect } from 'vitest'
import { type FakeWorld, fakeWorld } from '../fakes/fake-world.ts'
import { replacePods } from '../fakes/kube/pods.ts'
import { FILE, runCli } from './run-cli.ts'

/** An environment that reads a key of a Kubernetes Secret. */
export const reads = (secret: string, key: string) => [
  { name: 'V', valueFrom: { secretKeyRef: { name: secret, key } } },
]
/** A Deployment of a Helm release. */
export const deployment = (namespace: string, name: string, container: object, release = name) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace, annotations: { 'meta.helm.sh/release-name': release } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', ...container }] } },
  },
})

/** A deployed platform with two consumers of the master key, and one workload that reads another secret. */
export async function platform(file = FILE): Promise<FakeWorld> {
  const world = fakeWorld()
  const deployed = await runCli('deploy all --yes', { world, file })
  expect(deployed.code, deployed.stdout).toBe(0)
  const workloads = [
    deployment('litellm', 'presents', { envFrom: [{ secretRef: { name: 'litellm-secrets' } }] }),
    deployment('litellm', 'checks', { env: reads('litellm-secrets', 'master-key') }, 'litellm'),
    deployment('litellm', 'other', { env: reads('litellm-secrets', 'salt-key') }),
    deployment('open-webui', 'web', { envFrom: [{ secretRef: { name: 'openwebui-secrets' } }] }),
  ]
  await world.clock.sleep(2_000)
  for (const workload of workloads) await replacePods(world.kube, await world.kube.create(workload))
  await world.clock.sleep(2_000)
  const { patch } = world.kube
  world.kube.patch = async (ref, body, signal) => {
    await world.clock.sleep(1_000)
    const patched = await patch(ref, body, signal)
    await world.clock.sleep(1_000)
    await replacePods(world.kube, patched)
    return patched
  }
  return world
}

/** What a key of a Kubernetes Secret holds. */
export async function copyOf(world: FakeWorld, namespace: string, name: string, key: string): Promise<string> {
  const found = await world.kube.find({ apiVersion: 'v1', kind: 'Secret', namespace, name })
  return Buffer.from(((found?.data ?? {}) as Record<string, string>)[key] ?? '', 'base64').toString('utf8')
}
/** Deployments that were restarted, in order. */
export const restarts = (world: FakeWorld) =>
  world.kube.writes.filter(({ verb, ref }) => verb === 'patch' && ref.kind === 'Deployment').map(({ ref }) => ref.name)
/** Lets the nth call of this kind fail from now on, once. */
export function failAt(world: FakeWorld, operation: string, nth: number): void {
  if (operation === 'kube.patch') {
    let count = 0
    world.kube.failNext((call) => {
      if (call.verb !== 'patch') return false
      count += 1
      return count === nth
    }, new Error('cut'))
    return
  }
  const { secretsManager } = world
  const method = operation.split('.')[1] as 'promote'
  const real = secretsManager[method].bind(secretsManager) as (...args: unknown[]) => Promise<never>
  let count = 0
  Object.assign(secretsManager, {
    [method]: async (...args: unknown[]) => {
      count += 1
      if (count === nth) throw new Error('cut')
      return await real(...args)
    },
  })
}
