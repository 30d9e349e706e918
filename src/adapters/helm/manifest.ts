import * as jsYaml from 'js-yaml'
import type { KubeObject } from '../../ports/kube.ts'

/** Kinds without a namespace, as far as charts use them; a wrong guess only costs a longer name in a plan. */
const CLUSTER_SCOPED = new Set([
  'APIService',
  'CSIDriver',
  'ClusterExternalSecret',
  'ClusterRole',
  'ClusterRoleBinding',
  'ClusterSecretStore',
  'ConstraintTemplate',
  'CustomResourceDefinition',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'PersistentVolume',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
])

/** Kinds that run pods. */
export const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'])

/** Helm reads YAML 1.1, where `0755` is octal; charts write file modes that way. */
const octal = new jsYaml.Type('tag:yaml.org,2002:int#oct', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && /^0[0-7]+$/.test(text),
  construct: (text: string) => Number.parseInt(text, 8),
})
// Its type declarations leave out the export `types`.
const { types } = jsYaml as unknown as {
  types: Readonly<Record<'null' | 'bool' | 'int' | 'float' | 'merge', jsYaml.Type>>
}
const SCHEMA = jsYaml.FAILSAFE_SCHEMA.extend({
  implicit: [types.null, types.bool, octal, types.int, types.float, types.merge],
})

function isObject(document: unknown): document is KubeObject {
  return typeof document === 'object' && document !== null && 'kind' in document && 'metadata' in document
}

function itemsOf(document: unknown): readonly unknown[] | undefined {
  const { kind, items } = (document ?? {}) as { kind?: unknown; items?: unknown }
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items : undefined
}

function flatten(document: unknown): readonly KubeObject[] {
  return itemsOf(document)?.flatMap(flatten) ?? (isObject(document) ? [document] : [])
}

function placed(object: KubeObject, namespace: string): KubeObject {
  if (object.metadata.namespace !== undefined || CLUSTER_SCOPED.has(object.kind)) return object
  return { ...object, metadata: { ...object.metadata, namespace } }
}

// js-yaml rather than yaml: External Secrets' 2 MB of CRDs take 75 ms instead of 480.
const OPTIONS = { schema: SCHEMA, json: true }
const BETWEEN = /^---(?=\s|$)/m
const DEFINITION = /^kind: CustomResourceDefinition\s*$/m
/** With all lines up to the next key of the object. */
const SPEC = /^spec:.*\n?(?:(?![A-Za-z"']).*\n?)*/m

/** Most looks ask for the names of definitions alone, and their schemas are most of what a manifest holds: those are read when somebody asks. */
function definition(text: string): unknown {
  const head = jsYaml.load(text.replace(SPEC, ''), OPTIONS)
  if (!isObject(head)) return jsYaml.load(text, OPTIONS)
  let whole: { readonly spec?: unknown } | undefined
  return {
    ...head,
    get spec() {
      whole ??= jsYaml.load(text, OPTIONS) as { readonly spec?: unknown }
      return whole.spec
    },
  }
}

function documentsOf(text: string): readonly unknown[] {
  // A directive belongs to the document behind it.
  if (!DEFINITION.test(text) || /^%/m.test(text)) return jsYaml.loadAll(text, undefined, OPTIONS)
  return text.split(BETWEEN).map((one) => (DEFINITION.test(one) ? definition(one) : jsYaml.load(one, OPTIONS)))
}

/** The objects of a rendered manifest; those that name no namespace are in `namespace`. */
export function parseManifest(text: string, namespace: string): readonly KubeObject[] {
  return documentsOf(text)
    .flatMap(flatten)
    .map((object) => placed(object, namespace))
}
