import { setTimeout as sleep } from 'node:timers/promises'
import { createReadiness } from '../../../src/adapters/kube/index.ts'
import type { KubeObject } from '../../../src/ports/index.ts'
import { describeReadinessContract, NOWHERE } from '../../contracts/readiness.ts'
import { fakeKube, type Verdict } from '../../fakes/fake-kube.ts'

/** Graces and deadlines pass faster than for real; their order stays. */
const SPEED = 20
const start = Date.now()
const clock = {
  now: () => start + (Date.now() - start) * SPEED,
  sleep: async (ms: number, signal?: AbortSignal) =>
    void (await sleep(ms / SPEED, undefined, signal ? { signal } : {})),
}

describeReadinessContract('fake', async () => {
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', name: 'none', namespace: 'contract' }
  let refused = false
  const judge = (object: KubeObject): Verdict => {
    if (object.kind === quota.kind) refused = true
    if (JSON.stringify(object).includes(NOWHERE)) return 'progressing'
    return refused ? { refused: 'pods "web-1" is forbidden: exceeded quota: none, requested: pods=1' } : 'ready'
  }
  const kube = fakeKube({ strict: true, controllers: judge })
  kube.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'contract' } })
  return { kube, readiness: createReadiness(kube, clock), namespace: 'contract' }
})
