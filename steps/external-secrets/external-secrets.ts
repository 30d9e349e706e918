import { applied } from '../../src/engine/step.ts'
import { helmRelease } from '../helm-release.ts'
import { durationMs, RELEASES, ROLE_ANNOTATION, roleArn } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { operatorPods } from './operator-pods.ts'
import { storeObject } from './store-object.ts'

/** The External Secrets operator with its CRDs. Its role is needed only when a store asks AWS for something. */
export const externalSecrets = helmRelease<undefined>({
  id: 'external-secrets',
  title: 'Install External Secrets',
  component: 'external-secrets',
  needs: [applied(namespaces)],
  release: RELEASES.externalSecrets,
  namespace: (config) => config.namespaces.secrets,
  baseValues: 'helm-values/external-secrets.yaml',
  values(ctx) {
    const { roleName, serviceAccount } = ctx.config.irsa.externalSecrets
    const annotations = { [ROLE_ANNOTATION]: roleArn(ctx, roleName) }
    return { serviceAccount: { name: serviceAccount, annotations } }
  },
  pods: operatorPods,
  out: () => undefined,

  // Its webhooks fail closed: until one has really answered, no store can be written.
  async usable(ctx) {
    const probe = await storeObject(ctx)
    const timeoutMs = durationMs(ctx.config.timeouts.step)
    const { signal, report } = ctx
    await ctx.readiness.answers((probing) => ctx.kube.apply(probe, { dryRun: true, force: true, signal: probing }), {
      timeoutMs,
      signal,
      report,
    })
  },
})
