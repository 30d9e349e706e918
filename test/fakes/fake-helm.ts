import { inputsDigest } from '../../src/adapters/helm/canonical.ts'
import { identityOf, refOf } from '../../src/adapters/helm/change-of.ts'
import { diffOf } from '../../src/adapters/helm/diff.ts'
import { driftOf } from '../../src/adapters/helm/drift.ts'
import { WORKLOADS } from '../../src/adapters/helm/manifest.ts'
import { StepError } from '../../src/errors.ts'
import type {
  ChartInfo,
  Helm,
  Kube,
  KubeObject,
  ReleaseRecord,
  ReleaseSpec,
  ReleaseStatus,
} from '../../src/ports/index.ts'

type Method = keyof Helm

interface FakeHelmCall {
  readonly method: Method
  /** `namespace/name` */
  readonly release: string
  readonly spec?: ReleaseSpec
}

export interface FakeHelmOptions {
  /** Objects of a release; default: the workloads that the chart is known for. */
  readonly render?: (spec: ReleaseSpec) => readonly KubeObject[]
  /** What a chart has in its `crds` folders, by key in the lock file. */
  readonly crds?: (chart: string) => readonly KubeObject[]
  /** Facts about a chart, by key in the lock file. */
  readonly charts?: Readonly<Record<string, Partial<ChartInfo>>>
  /** Deployment that releases are marked with. */
  readonly deployment?: string
}

export interface FakeHelm extends Helm {
  /** Every call, in order. */
  readonly calls: readonly FakeHelmCall[]
  /** The next call of `method` rejects with `error`; an `upgrade` that fails leaves the release `failed`. */
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
        spec: {
          containers: [
            {
              name: 'main',
              image: `${spec.chart}:${inputsDigest({ chartDigest: '', version: '', values: spec.values }).slice(0, 8)}`,
            },
          ],
        },
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

/** A Helm that keeps releases in memory and writes their objects into `kube`. */
export function fakeHelm(kube: Kube, options: FakeHelmOptions = {}): FakeHelm {
  const releases = new Map<string, ReleaseRecord>()
  const older = new Map<string, readonly ReleaseRecord[]>()
  const charts = new Map(Object.entries(options.charts ?? {}))
  const faults: { method: Method; error: Error }[] = []
  const calls: FakeHelmCall[] = []
  const render = options.render ?? defaultRender

  const chartOf = (key: string): ChartInfo => ({
    name: key,
    version: '1.0.0',
    digest: `sha256:${Buffer.from(key).toString('hex').padEnd(64, '0')}`,
    standIn: false,
    ...charts.get(key),
  })
  const digestFor = (spec: ReleaseSpec): string => {
    const { digest, version } = chartOf(spec.chart)
    return inputsDigest({ chartDigest: digest, version, values: spec.values })
  }
  const enter = (method: Method, release: string, spec?: ReleaseSpec): Error | undefined => {
    calls.push(spec === undefined ? { method, release } : { method, release, spec })
    const index = faults.findIndex((fault) => fault.method === method)
    return index < 0 ? undefined : faults.splice(index, 1)[0]?.error
  }
  const store = (spec: ReleaseSpec, manifest: readonly KubeObject[], failure?: Error): void => {
    const key = `${spec.namespace}/${spec.name}`
    const { name, version, standIn } = chartOf(spec.chart)
    archive(key, failure === undefined)
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
      ownRun: true,
    })
  }
  /** The revision before stays in the history: superseded by one that worked, as it was behind one that did not. */
  const archive = (key: string, superseded: boolean): void => {
    const before = releases.get(key)
    if (before === undefined) return
    const status = superseded && before.status === 'deployed' ? 'superseded' : before.status
    older.set(key, [{ ...before, status }, ...(older.get(key) ?? [])])
  }
  const removeGone = async (before: readonly KubeObject[], after: readonly KubeObject[]): Promise<void> => {
    const kept = new Set(after.map(identityOf))
    const stays = ({ metadata }: KubeObject) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep'
    for (const object of before) if (!kept.has(identityOf(object)) && !stays(object)) await kube.remove(refOf(object))
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
    async owned(except) {
      const fault = enter('owned', '')
      if (fault !== undefined) throw fault
      const isWanted = (record: ReleaseRecord): boolean =>
        except.some(({ name, namespace }) => name === record.name && namespace === record.namespace)
      return [...releases.values()].filter(
        (record) => record.deployment === options.deployment && record.deployment !== undefined && !isWanted(record),
      )
    },
    async inputs(spec) {
      const fault = enter('inputs', `${spec.namespace}/${spec.name}`, spec)
      if (fault !== undefined) throw fault
      return { digest: digestFor(spec), chart: chartOf(spec.chart) }
    },
    async crds(chart) {
      const fault = enter('crds', chart)
      if (fault !== undefined) throw fault
      return { chart: chartOf(chart), objects: async () => options.crds?.(chart) ?? [] }
    },
    async drift(record, { deep, signal }) {
      const fault = enter('drift', `${record.namespace}/${record.name}`)
      if (fault !== undefined) throw fault
      return driftOf(
        kube,
        record.manifest.filter((object) => deep || WORKLOADS.has(object.kind)),
        signal,
      )
    },
    async diff(spec, signal) {
      const fault = enter('diff', `${spec.namespace}/${spec.name}`, spec)
      if (fault !== undefined) throw fault
      const recorded = releases.get(`${spec.namespace}/${spec.name}`)?.manifest ?? []
      return diffOf(kube, { rendered: { objects: render(spec), hooks: [] }, recorded }, signal)
    },
    async upgrade(spec, { signal, report }) {
      const key = `${spec.namespace}/${spec.name}`
      const fault = enter('upgrade', key, spec)
      signal.throwIfAborted()
      if ((await kube.find({ apiVersion: 'v1', kind: 'Namespace', name: spec.namespace })) === undefined) {
        throw new StepError('HelmNamespaceMissing', `the namespace of release ${key} does not exist`, {
          cause: `namespaces "${spec.namespace}" not found`,
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
    async history(name, namespace) {
      const key = `${namespace}/${name}`
      const fault = enter('history', key)
      if (fault !== undefined) throw fault
      const newest = releases.get(key)
      return newest === undefined ? [] : [newest, ...(older.get(key) ?? [])]
    },
    async noteReady({ name, namespace, revision }, ready) {
      const key = `${namespace}/${name}`
      const fault = enter('noteReady', key)
      if (fault !== undefined) throw fault
      const newest = releases.get(key)
      if (newest?.revision === revision) releases.set(key, { ...newest, unready: !ready })
    },
    async rollback({ name, namespace, revision, givenUp }, { signal, report }) {
      const key = `${namespace}/${name}`
      const fault = enter('rollback', key)
      signal.throwIfAborted()
      if (fault !== undefined) throw fault
      const newest = releases.get(key)
      const wanted = [newest, ...(older.get(key) ?? [])].find((record) => record?.revision === revision)
      if (newest === undefined || wanted === undefined) throw new StepError('HelmFailed', `no revision ${revision}`)
      report(`helm rollback ${key} ${revision}`)
      for (const object of wanted.manifest) await kube.apply(object, { force: true })
      await removeGone(newest.manifest, wanted.manifest)
      if (givenUp !== undefined && newest.status === 'deployed')
        releases.set(key, { ...newest, status: 'failed', description: givenUp })
      archive(key, true)
      const description = `by rollback to revision ${revision}`
      const made = { revision: newest.revision + 1, status: 'deployed', unready: false } as const
      releases.set(key, { ...wanted, ...made, description })
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
