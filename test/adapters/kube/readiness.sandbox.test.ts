import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll } from 'vitest'
import { connectKube, createReadiness } from '../../../src/adapters/kube/index.ts'
import { describeReadinessContract } from '../../contracts/readiness.ts'
import { useCluster } from './cluster.ts'

const cluster = useCluster()
const made: string[] = []
const clock = {
  now: Date.now,
  sleep: async (ms: number, signal?: AbortSignal) => void (await sleep(ms, undefined, signal ? { signal } : {})),
}

afterAll(async () => {
  const kube = await connectKube(cluster())
  for (const name of made) await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name })
})

describeReadinessContract('control plane', async () => {
  const kube = await connectKube(cluster())
  const namespace = `readiness-${made.length}-${process.pid}`
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  made.push(namespace)
  return { kube, readiness: createReadiness(kube, clock), namespace }
})
