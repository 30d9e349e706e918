import { daemonSet } from './daemon-set.ts'
import { definition } from './definition.ts'
import { deployment } from './deployment.ts'
import { externalSecret, secretStore } from './external-secret.ts'
import { constraint, constraintTemplate } from './gatekeeper.ts'
import { job } from './job.ts'
import { operated } from './monitoring.ts'
import type { Reader } from './reader.ts'
import { statefulSet } from './stateful-set.ts'
import { volumeClaim } from './volume-claim.ts'
import { webhook } from './webhook.ts'

const READERS: Readonly<Record<string, Reader>> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'batch/Job': job,
  '/PersistentVolumeClaim': volumeClaim,
  'apiextensions.k8s.io/CustomResourceDefinition': definition,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhook,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhook,
  'external-secrets.io/ExternalSecret': externalSecret,
  'external-secrets.io/SecretStore': secretStore,
  'external-secrets.io/ClusterSecretStore': secretStore,
  'templates.gatekeeper.sh/ConstraintTemplate': constraintTemplate,
  'monitoring.coreos.com/Prometheus': operated,
  'monitoring.coreos.com/Alertmanager': operated,
}

/** The reader of a kind; undefined = ready when it exists. */
export function readerOf({ apiVersion, kind }: { apiVersion: string; kind: string }): Reader | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return group === 'constraints.gatekeeper.sh' ? constraint : READERS[`${group}/${kind}`]
}
