import { LlmgwError, StepError } from '../../src/errors.ts'
import type { Kube, KubeObject } from '../../src/ports/index.ts'

/**
 * A namespace with the label that exempts it from every policy. Gatekeeper refuses it to everybody but the namespaces that
 * its flags name. Source: Gatekeeper documentation, exempting namespaces.
 */
const PROBE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'llmgw-webhook-probe', labels: { 'admission.gatekeeper.sh/ignore': 'probe' } },
}

/**
 * Asks the webhook, in a dry run, for something that it must refuse: only one that works says no.
 * @returns its words
 * @throws StepError WebhookUnavailable when it did not answer, or was not asked
 */
export async function askWebhook(kube: Kube, signal: AbortSignal): Promise<string> {
  try {
    await kube.apply(PROBE, { dryRun: true, force: true, signal })
  } catch (error) {
    if (error instanceof LlmgwError && error.code === 'AdmissionDenied') return error.message
    throw error
  }
  throw new StepError('WebhookUnavailable', 'Gatekeeper was not asked about a namespace that it must refuse', {
    hint: 'look at its webhook: kubectl get validatingwebhookconfigurations',
  })
}
