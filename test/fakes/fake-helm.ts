import { createHash } from 'node:crypto'
import type { Change } from '../../src/engine/step.ts'
import { StepError } from '../../src/errors.ts'
import type {
  ChartInfo,
  Helm,
  Kube,
  KubeObject,
  ObjectRef,
  ReleaseRecord,
  ReleaseSpec,
  ReleaseStatus,
} from '../../src/ports/index.ts'

type Method = keyof Helm

export interface FakeHelmCall {
  readonly method: Method
  /** `namespace/name` */
  readonly release: string
  readonly spec?: ReleaseSpec
}

export interface FakeHelmOptions {
  /** Objects of a release; default: the workloads that the chart is known for. */
  readonly render?: (spec: ReleaseSpec) => readonly KubeObject[]
  /** Facts about a chart, by key in the lock file. */
  readonly charts?: Readonly<Record<string, Partial<ChartInfo>>>
  /** Deployment that releases are marked with. */
  readonly deployment?: string
}

export interface FakeHelm extends Helm {
  /** Every call, in order. */
  readonly calls: readonly FakeHelmCall[]
  /** The next call of `method` rejects with `error`; after `upgrade` fails the release is left `failed`. */
  failNext(method: Method, error: Error): void
  /** Puts an existing release into another state, as a killed or failing helm would leave it. */
  setStatus(name: string, namespace: string, status: ReleaseStatus, description?: string): void
  /** Adds a release that somebody else made. */
  seed(record: ReleaseRecord): void
  /** A new version of a chart from now on. */
  setChart(key: string, info: Partial<ChartInfo>): void
}

const KNOWN_WORKLOADS: Readonly<Record<string, readonly (readonly ['Deployment' | 'StatefulSet', string])[]>> = {
  'external-secrets': [
    ['Deployment', 'external-secrets'],
    ['Deployment', 'external-secrets-webhook'],
    ['Deployment', 'external-secrets-cert-controller'],
  ],
  'redis-ha': [['StatefulSet', 'redis-ha-server']],
}

/** A workload that readiness sees as rolled out. */
export function readyWorkload(kind: 'Deployment' | 'StatefulSet', name: string, spec: ReleaseSpec): KubeObject {
  const selector = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': spec.name }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      name,
      namespace: spec.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': spec.name },
      annotations: { 'meta.helm.sh/release-name': spec.name, 'meta.helm.sh/release-namespace': spec.namespace },
    },
    spec: {
      replicas: 1,
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: { containers: [{ name: 'main', image: `${spec.chart}:${digestOf(spec.values).slice(0, 8)}` }] },
      },
    },
    status: {
      // Never behind the generation, whatever the fake API server counts.
      observedGeneration: Number.MAX_SAFE_INTEGER,
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: 1,
      currentReplicas: 1,
      availableReplicas: 1,
      currentRevision: 'r1',
      updateRevision: 'r1',
      conditions: [{ type: 'Available', status: 'True' }],
    },
  }
}

function defaultRender(spec: ReleaseSpec): readonly KubeObject[] {
  const workloads = KNOWN_WORKLOADS[spec.chart] ?? [['Deployment', spec.chart] as const]
  return workloads.map(([kind, name]) => readyWorkload(kind, name, spec))
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, canonical(item)]),
  )
}

function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(value)))
    .digest('hex')
}

function refOf(object: KubeObject): ObjectRef {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: object.metadata.name,
    namespace: object.metadata.namespace,
  }
}

function targetOf(object: KubeObject): string {
  const { name, namespace } = object.metadata
  return `${object.kind.toLowerCase()} ${namespace === undefined ? name : `${namespace}/${name}`}`
}

/** Paths of `wanted` that `live` does not have or has otherwise. */
function differing(wanted: unknown, live: unknown, path = ''): readonly string[] {
  if (wanted === null || typeof wanted !== 'object') return wanted === live ? [] : [path]
  if (live === null || typeof live !== 'object') return [path]
  const found = live as Readonly<Record<string, unknown>>
  return Object.entries(wanted).flatMap(([key, item]) =>
    path === '' && key === 'status' ? [] : differing(item, found[key], path === '' ? key : `${path}.${key}`),
  )
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'])

async function compare(kube: Kube, manifest: readonly KubeObject[], signal?: AbortSignal): Promise<readonly Change[]> {
  const changes: Change[] = []
  for (const object of manifest) {
    const live = await kube.find(refOf(object), signal)
    if (live === undefined) {
      changes.push({ action: 'create', target: targetOf(object) })
      continue
    }
    const fields = differing(object, live)
    if (fields.length > 0)
      changes.push({ action: 'update', target: targetOf(object), fields: fields.map((path) => ({ path })) })
  }
  return changes
}

/** A Helm that keeps releases in memory and writes their objects into `kube`. */
export function fakeHelm(kube: Kube, options: FakeHelmOptions = {}): FakeHelm {
  const releases = new Map<string, ReleaseRecord>()
  const charts = new Map(Object.entries(options.charts ?? {}))
  const faults: { method: Method; error: Error }[] = []
  const calls: FakeHelmCall[] = []
  const render = options.render ?? defaultRender

  const chartOf = (key: string): ChartInfo => ({
    name: key,
    version: '1.0.0',
    digest: `sha256:${digestOf(key)}`,
    standIn: false,
    ...charts.get(key),
  })
  const digestFor = (spec: ReleaseSpec): string => {
    const { digest, version } = chartOf(spec.chart)
    return digestOf([digest, version, spec.values]).slice(0, 40)
  }
  const enter = (method: Method, release: string, spec?: ReleaseSpec): Error | undefined => {
    calls.push(spec === undefined ? { method, release } : { method, release, spec })
    const index = faults.findIndex((fault) => fault.method === method)
    return index < 0 ? undefined : faults.splice(index, 1)[0]?.error
  }
  const store = (spec: ReleaseSpec, manifest: readonly KubeObject[], failure?: Error): void => {
    const key = `${spec.namespace}/${spec.name}`
    const { name, version, standIn } = chartOf(spec.chart)
    releases.set(key, {
      name: spec.name,
      namespace: spec.namespace,
      revision: (releases.get(key)?.revision ?? 0) + 1,
      status: failure === undefined ? 'deployed' : 'failed',
      chart: { name, version, standIn },
      inputs: digestFor(spec),
      ...(options.deployment === undefined ? {} : { deployment: options.deployment }),
      manifest,
      updatedAt: new Date(0).toISOString(),
      description: failure === undefined ? 'Upgrade complete' : failure.message,
    })
  }
  const removeGone = async (before: readonly KubeObject[], after: readonly KubeObject[]): Promise<void> => {
    const kept = new Set(after.map(targetOf))
    for (const object of before) if (!kept.has(targetOf(object))) await kube.remove(refOf(object))
  }

  return {
    calls,
    failNext: (method, error) => void faults.push({ method, error }),
    setChart: (key, info) => void charts.set(key, info),
    seed: (record) => void releases.set(`${record.namespace}/${record.name}`, record),
    setStatus(name, namespace, status, description = status) {
      const record = releases.get(`${namespace}/${name}`)
      if (record === undefined) throw new Error(`the fake helm has no release ${namespace}/${name}`)
      releases.set(`${namespace}/${name}`, { ...record, status, description })
    },

    async find(name, namespace) {
      const fault = enter('find', `${namespace}/${name}`)
      if (fault !== undefined) throw fault
      return releases.get(`${namespace}/${name}`)
    },
    async inputs(spec) {
      const fault = enter('inputs', `${spec.namespace}/${spec.name}`, spec)
      if (fault !== undefined) throw fault
      return { digest: digestFor(spec), chart: chartOf(spec.chart) }
    },
    async drift(record, { deep, signal }) {
      const fault = enter('drift', `${record.namespace}/${record.name}`)
      if (fault !== undefined) throw fault
      return compare(
        kube,
        record.manifest.filter((object) => deep || WORKLOADS.has(object.kind)),
        signal,
      )
    },
    async diff(spec, signal) {
      const fault = enter('diff', `${spec.namespace}/${spec.name}`, spec)
      if (fault !== undefined) throw fault
      return compare(kube, render(spec), signal)
    },
    async upgrade(spec, { signal, report }) {
      const key = `${spec.namespace}/${spec.name}`
      const fault = enter('upgrade', key, spec)
      signal.throwIfAborted()
      if ((await kube.find({ apiVersion: 'v1', kind: 'Namespace', name: spec.namespace })) === undefined) {
        throw new StepError('HelmFailed', `helm cannot install ${key}`, {
          cause: new Error(`namespaces "${spec.namespace}" not found`),
        })
      }
      report(`helm upgrade ${key}`)
      const before = releases.get(key)?.manifest ?? []
      const manifest = render(spec)
      if (fault !== undefined) {
        store(spec, before, fault)
        throw fault
      }
      for (const object of manifest) await kube.apply(object, { force: true })
      await removeGone(before, manifest)
      store(spec, manifest)
    },
    async uninstall(name, namespace, { signal }) {
      const key = `${namespace}/${name}`
      const fault = enter('uninstall', key)
      signal.throwIfAborted()
      if (fault !== undefined) throw fault
      const record = releases.get(key)
      if (record === undefined) return false
      await removeGone(record.manifest, [])
      return releases.delete(key)
    },
  }
}
