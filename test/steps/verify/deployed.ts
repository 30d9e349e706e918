import { buildGraph } from '../../../src/engine/graph.ts'
import type { LlmgwStep } from '../../../src/ports/index.ts'
import { steps } from '../../../steps/index.ts'
import { CACHE_TLS, cacheCertificate } from '../../fakes/cache-certificate.ts'
import { type FakeWorld, type FakeWorldOverrides, fakeWorld } from '../../fakes/fake-world.ts'
import { converge } from '../run.ts'
import { webhookCertificate } from './spoiled.ts'

/** The whole platform, as a deploy leaves it. */
export async function deployed(config: FakeWorldOverrides['config'] = {}): Promise<FakeWorld> {
  const world = fakeWorld({
    config: { guardrails: { kind: 'rules', words: ['forbidden'] }, cache: CACHE_TLS, auth: { ui: 'local' }, ...config },
  })
  world.kube.seed(webhookCertificate('until-2080'))
  world.kube.seed(cacheCertificate())
  for (const step of buildGraph(steps).order) await converge(step as LlmgwStep<unknown>, world)
  return world
}
