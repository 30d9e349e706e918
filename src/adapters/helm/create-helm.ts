import { join } from 'node:path'
import type { ChartInfo, Helm, ReleaseSpec } from '../../ports/helm.ts'
import type { Kube } from '../../ports/kube.ts'
import type { Clock } from '../../ports/world.ts'
import { crdFiles } from '../charts/crds.ts'
import { ownRunId } from '../run-id.ts'
import { createHelmCalls, type HelmCalls } from './calls.ts'
import { inputsDigest } from './canonical.ts'
import { diffOf, type Rendered } from './diff.ts'
import { driftOf } from './drift.ts'
import { helmFailure } from './errors.ts'
import { heal } from './heal.ts'
import { namingField } from './immutable.ts'
import { parseManifest, WORKLOADS } from './manifest.ts'
import {
  descriptionFor,
  findHistory,
  findOwned,
  findRevision,
  LABELS,
  markFailed,
  noteReady,
  rollbackDescription,
} from './release-secret.ts'
import type { HelmResult, HelmRunner } from './runner.ts'
import { keepsRollingUpdate, letRecreate } from './strategy.ts'
import { supersedeOlder } from './supersede-older.ts'
import { takenOver } from './take-over.ts'
import { untilWebhookAnswers } from './webhook-leaving.ts'

/** Revisions that Helm keeps of a release. */
const HISTORY_MAX = 10
/** Beyond `--timeout`, which holds for each operation of helm, not for the process. */
const PROCESS_SLACK_MS = 120_000
const DRY_RUN_TIMEOUT_MS = 120_000

/** Where charts come from. */
interface ChartSource {
  /** A folder or archive on this machine, verified, with what is in it. */
  resolve(key: string, signal?: AbortSignal): Promise<{ readonly path: string; readonly info: ChartInfo }>
}

export interface HelmOptions {
  readonly runner: HelmRunner
  readonly kube: Kube
  readonly charts: ChartSource
  /** A kubeconfig that only we can read, made when a helm process is really needed. */
  readonly kubeconfig: (signal?: AbortSignal) => Promise<{ readonly path: string; readonly context?: string }>
  /** Name of the deployment that releases are marked with. */
  readonly deployment: string
  /** Folder for notes on running helm processes; the same for all runs of this user. */
  readonly runDir: string
  readonly clock: Clock
}

interface Context extends HelmOptions {
  readonly calls: () => Promise<HelmCalls>
}

const nameOf = (release: { readonly namespace: string; readonly name: string }): string =>
  `${release.namespace}/${release.name}`

/** The `Helm` port: releases are read from their Secrets, and only writes and dry runs start a helm process. */
export function createHelm(options: HelmOptions): Helm {
  const { kube, charts, clock, runDir } = options
  let calls: Promise<HelmCalls> | undefined
  const context: Context = {
    ...options,
    calls() {
      calls ??= ownRunId().then((run) => createHelmCalls({ dir: join(runDir, 'helm-calls'), run, clock }))
      return calls
    },
  }
  return {
    async find(name, namespace, signal) {
      return (await findRevision(kube, { name, namespace }, signal))?.record
    },
    owned: (except, signal) => findOwned(kube, { deployment: options.deployment, except }, signal),
    async inputs(spec, signal) {
      const { info } = await charts.resolve(spec.chart, signal)
      return { digest: digestOf(spec, info), chart: info }
    },
    async crds(chart, signal) {
      const { path, info } = await charts.resolve(chart, signal)
      const read = async () => (await crdFiles(path)).flatMap((text) => parseManifest(text, ''))
      let objects: ReturnType<typeof read> | undefined
      return { chart: info, objects: () => (objects ??= read()) }
    },
    drift(record, { deep, signal }) {
      const { manifest } = record
      return driftOf(kube, deep ? manifest : manifest.filter(({ kind }) => WORKLOADS.has(kind)), signal)
    },
    diff: (spec, signal) => diff(context, spec, signal),
    upgrade: (spec, run) => untilWebhookAnswers(clock, run, () => upgrade(context, spec, run)),
    async history(name, namespace, signal) {
      return (await findHistory(kube, { name, namespace }, signal)).map(({ record }) => record)
    },
    async noteReady(release, ready, signal) {
      const newest = await findRevision(kube, release, signal)
      if (newest?.record.revision === release.revision) await noteReady(kube, newest, ready, signal)
    },
    rollback: (release, run) => rollback(context, release, run),
    uninstall: (name, namespace, run) => uninstall(context, { name, namespace, ...run }),
  }
}

function digestOf(spec: ReleaseSpec, chart: ChartInfo): string {
  return inputsDigest({ chartDigest: chart.digest, version: chart.version, values: spec.values })
}

async function connection({ kubeconfig }: Context, signal?: AbortSignal): Promise<readonly string[]> {
  const { path, context } = await kubeconfig(signal)
  return ['--kubeconfig', path, ...(context === undefined ? [] : ['--kube-context', context])]
}

async function upgradeArgs(context: Context, spec: ReleaseSpec, signal?: AbortSignal): Promise<readonly string[]> {
  const { path } = await context.charts.resolve(spec.chart, signal)
  return [
    ...['upgrade', spec.name, path, '--install', '--namespace', spec.namespace, '--values', '-'],
    ...(await connection(context, signal)),
  ]
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)}s`

/** Runs a helm that writes, noted so that a later run finds it should we be killed. */
async function write(
  context: Context,
  release: { readonly name: string; readonly namespace: string; readonly timeoutMs: number },
  call: {
    readonly verb: string
    readonly args: readonly string[]
    readonly input?: string
    readonly signal: AbortSignal
  },
): Promise<HelmResult> {
  const calls = await context.calls()
  const { args, signal, verb } = call
  const result = await calls.track(nameOf(release), ({ env, started }) =>
    context.runner.run({
      args: [...args, '--wait=hookOnly', '--timeout', seconds(release.timeoutMs)],
      env,
      started,
      signal,
      timeoutMs: release.timeoutMs + PROCESS_SLACK_MS,
      ...(call.input !== undefined && { input: call.input }),
    }),
  )
  if (result.exitCode !== 0) throw helmFailure(verb, nameOf(release), result.stderr)
  return result
}

async function upgrade(context: Context, spec: ReleaseSpec, run: Parameters<Helm['upgrade']>[1]): Promise<void> {
  const { signal, report, adopt = false } = run
  const { info } = await context.charts.resolve(spec.chart, signal)
  const args = await upgradeArgs(context, spec, signal)
  const healing = { kube: context.kube, calls: await context.calls(), clock: context.clock }
  if ((await heal(healing, spec, run)) === 'uninstall') await remove(context, { ...spec, signal })
  if (adopt) await takeOver(context, spec, run)
  const digest = digestOf(spec, info)
  const labels = [
    `${LABELS.inputs}=${digest}`,
    `${LABELS.deployment}=${context.deployment}`,
    `${LABELS.run}=${await ownRunId()}`,
  ]
  report(`helm upgrade --install ${spec.name} (${info.standIn ? 'stand-in chart ' : ''}${info.name} ${info.version})`)
  const call = {
    verb: 'upgrade',
    args: [
      ...args,
      ...(adopt ? [TAKE_OWNERSHIP] : []),
      ...['--labels', labels.join(','), '--description', descriptionFor(digest)],
      // What was agreed is written, also where somebody edited the field: that is what repairs drift.
      ...['--server-side=true', '--force-conflicts', '--history-max', String(HISTORY_MAX)],
    ],
    input: JSON.stringify(spec.values),
    signal,
  }
  try {
    await write(context, spec, call)
  } catch (error) {
    if (!keepsRollingUpdate(error)) throw await namingField(error, nameOf(spec), () => diff(context, spec, signal))
    await letRecreate(context.kube, (await render(context, spec, { signal })).objects, run)
    await write(context, spec, call)
  }
  await supersedeOlder(context.kube, spec, signal)
}

/** Only on request: without it helm refuses what it has not made itself. */
const TAKE_OWNERSHIP = '--take-ownership'

async function takeOver(context: Context, spec: ReleaseSpec, run: Parameters<Helm['upgrade']>[1]): Promise<void> {
  const { kube, deployment } = context
  const { objects } = await render(context, spec, { signal: run.signal, adopt: true })
  for (const taken of await takenOver(kube, spec, objects, { deployment, signal: run.signal }))
    run.report(`taking over ${taken}`)
  await letRecreate(kube, objects, run)
}

type Helmed = Parameters<Helm['rollback']>

async function rollback(context: Context, release: Helmed[0], run: Helmed[1]): Promise<void> {
  const { kube, clock } = context
  const { name, namespace, revision } = release
  await heal({ kube, calls: await context.calls(), clock }, release, run)
  const revisions = await findHistory(kube, release, run.signal)
  const wanted = revisions.find(({ record }) => record.revision === revision)
  const [newest] = revisions
  if (release.givenUp !== undefined && newest?.record.status === 'deployed')
    await markFailed(kube, newest, release.givenUp)
  await letRecreate(kube, wanted?.record.manifest ?? [], run)
  run.report(`helm rollback ${name} ${revision}`)
  await write(context, release, {
    verb: 'rollback',
    args: [
      ...['rollback', name, String(revision), '--namespace', namespace],
      ...(await connection(context, run.signal)),
      ...['--description', rollbackDescription(revision, wanted?.record.inputs)],
      ...['--server-side=true', '--force-conflicts', '--history-max', String(HISTORY_MAX)],
    ],
    signal: run.signal,
  })
  await supersedeOlder(kube, release, run.signal)
}

interface Removal {
  readonly name: string
  readonly namespace: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

async function remove(context: Context, release: Removal): Promise<void> {
  const { name, namespace, signal } = release
  await write(context, release, {
    verb: 'uninstall',
    args: ['uninstall', name, '--namespace', namespace, '--ignore-not-found', ...(await connection(context, signal))],
    signal,
  })
}

async function uninstall(context: Context, release: Removal): Promise<boolean> {
  const found = await findRevision(context.kube, release, release.signal)
  if (found === undefined) return false
  const healing = { kube: context.kube, calls: await context.calls(), clock: context.clock }
  await heal(healing, release, { signal: release.signal, report: () => undefined })
  await remove(context, release)
  return true
}

interface DryRun {
  readonly manifest?: string
  readonly hooks?: readonly { readonly kind: string; readonly name: string; readonly events?: readonly string[] }[]
}

async function render(
  context: Context,
  spec: ReleaseSpec,
  { signal, adopt = false }: { readonly signal?: AbortSignal | undefined; readonly adopt?: boolean },
): Promise<Rendered> {
  const owning = adopt ? [TAKE_OWNERSHIP] : []
  const result = await context.runner.run({
    // Secrets are not hidden from us: whether one changes is part of the plan, which masks its values.
    args: [...(await upgradeArgs(context, spec, signal)), ...owning, '--dry-run=server', '--output', 'json'],
    input: JSON.stringify(spec.values),
    signal,
    timeoutMs: DRY_RUN_TIMEOUT_MS,
  })
  if (result.exitCode !== 0) throw helmFailure('dry-run', nameOf(spec), result.stderr)
  const { manifest = '', hooks = [] } = JSON.parse(result.stdout) as DryRun
  return {
    objects: parseManifest(manifest, spec.namespace),
    hooks: hooks.map(({ kind, name, events = [] }) => ({ kind, name, events })),
  }
}

async function diff(context: Context, spec: ReleaseSpec, signal?: AbortSignal) {
  const [rendered, revision] = await Promise.all([
    render(context, spec, { signal }),
    findRevision(context.kube, spec, signal),
  ])
  return diffOf(context.kube, { rendered, recorded: revision?.record.manifest ?? [] }, signal)
}
