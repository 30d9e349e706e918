import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCharts } from '../../../src/adapters/charts/create-charts.ts'
import { createHelm } from '../../../src/adapters/helm/create-helm.ts'
import { createHelmRunner } from '../../../src/adapters/helm/runner.ts'
import { connectKube } from '../../../src/adapters/kube/index.ts'
import type { Clock, Helm, Kube } from '../../../src/ports/index.ts'

/** Where the cluster is, and which helm. */
export interface RealHelmOptions {
  readonly binary: string
  readonly kubeconfig: string
  readonly context: string
  /** Notes on running helm processes; another adapter with the same folder finds what this one leaves. */
  readonly runDir: string
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }),
}

export const DEPLOYMENT = 'contract'

/** A new private folder for notes and helm's own files. */
export function makeRunDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'llmgw-helm-test-'))
}

/** The real adapter with the charts of test/fixtures/charts. */
export async function realHelm(options: RealHelmOptions): Promise<{ readonly helm: Helm; readonly kube: Kube }> {
  const { binary, runDir, context } = options
  const kube = await connectKube({ kind: 'kubeconfig', path: options.kubeconfig, context })
  const runner = createHelmRunner({ binary, home: join(runDir, 'helm'), env: process.env })
  const charts = createCharts({
    lock: { echo: { name: 'echo', version: '1.0.0', repository: 'https://charts.example.com' } },
    mirror: { kind: 'directory', path: 'test/fixtures/charts' },
    cacheDir: join(runDir, 'cache'),
    run: runner.run,
  })
  const kubeconfig = async () => ({ path: options.kubeconfig, context })
  return {
    kube,
    helm: createHelm({ runner, kube, charts, kubeconfig, deployment: DEPLOYMENT, runDir, clock: systemClock }),
  }
}
