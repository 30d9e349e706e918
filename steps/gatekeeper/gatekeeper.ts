import { applied } from '../../src/engine/step.ts'
import { helmRelease } from '../helm-release.ts'
import { durationMs, RELEASES } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { gatekeeperPods } from './gatekeeper-pods.ts'
import { policiesOff, policySettings } from './settings.ts'
import { askWebhook } from './webhook-probe.ts'

/** Gatekeeper: asks policies at admission, and audits what is there. After the namespaces, which its webhook can block. */
export const gatekeeper = helmRelease<undefined>({
  id: 'gatekeeper',
  title: 'Install Gatekeeper',
  component: 'gatekeeper',
  needs: [applied(namespaces)],
  off: policiesOff,
  release: RELEASES.gatekeeper,
  namespace: (config) => config.namespaces.policy,
  baseValues: 'helm-values/gatekeeper.yaml',
  values({ config }) {
    const { auditInterval, exemptNamespaces } = policySettings(config)
    return {
      auditInterval: durationMs(auditInterval) / 1000,
      // The API server does not even ask about these: an exemption that holds while Gatekeeper is down.
      validatingWebhookExemptNamespacesLabels: { 'kubernetes.io/metadata.name': exemptNamespaces },
      // Who administers these may exempt them with a label; nobody else may.
      controllerManager: { exemptNamespaces },
    }
  },
  pods: gatekeeperPods,
  out: () => undefined,

  // Ready pods are no proof: until the API server has been told no, policies are not asked.
  async usable({ config, kube, readiness, signal, report }) {
    const timeoutMs = durationMs(config.timeouts.step)
    await readiness.answers((probing) => askWebhook(kube, probing), { timeoutMs, signal, report })
  },
})
