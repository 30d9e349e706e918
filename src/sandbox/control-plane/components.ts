import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SandboxWorld } from '../part.ts'
import { freePort } from '../ports.ts'

/** The five processes of the control plane, in the order in which they need each other. */
export const COMPONENTS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok-controller',
] as const

export type ComponentName = (typeof COMPONENTS)[number]

/** `kubelet` is where the API server finds the nodes' kubelets if real processes may stand behind Pods. */
export type ComponentPorts = Readonly<Record<ComponentName | 'etcd-peer' | 'kubelet', number>>

type Home = Pick<SandboxWorld, 'dir'>

/** Name of the only cluster in the sandbox's own kwokctl folder. */
export const CLUSTER = 'sandbox'

/** kwokctl's working folder (`KWOK_WORKDIR`). */
export const kwokDir = (world: Home): string => join(world.dir, 'kwok')

/** The cluster's folder in {@link kwokDir}: certificates, etcd's data, logs, pid files. */
export const clusterDir = (world: Home): string => join(kwokDir(world), 'clusters', CLUSTER)

/** Keys and certificates of the cluster's administrator, as kwokctl made them. */
export const pkiFile = (world: Home, name: 'ca.crt' | 'admin.crt' | 'admin.key'): string =>
  join(clusterDir(world), 'pki', name)

/** Pid file that kwokctl writes; a bare number, so never trusted alone. */
export const pidFile = (world: Home, name: ComponentName): string => join(clusterDir(world), 'pids', `${name}.pid`)

/** Log of a component. */
export const componentLog = (world: Home, name: ComponentName): string => join(clusterDir(world), 'logs', `${name}.log`)

const portsFile = (world: Home): string => join(world.dir, 'control-plane.json')

/** The ports that this control plane was given, or undefined when none were drawn yet. */
export async function readPorts(world: Home): Promise<ComponentPorts | undefined> {
  const text = await readFile(portsFile(world), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ComponentPorts)
}

/** Draws ports for a new control plane and keeps them; those that parts not yet started were promised are free only now. */
export async function drawPorts(world: Pick<SandboxWorld, 'dir' | 'aws' | 'upstreamPort'>): Promise<ComponentPorts> {
  const names = [...COMPONENTS, 'etcd-peer', 'kubelet'] as const
  const promised = new Set([Number(new URL(world.aws.endpoint).port), world.upstreamPort])
  const drawn = new Set<number>()
  while (drawn.size < names.length) {
    const port = await freePort()
    if (!promised.has(port)) drawn.add(port)
  }
  const numbers = [...drawn]
  const ports = Object.fromEntries(names.map((name, index) => [name, numbers[index]])) as ComponentPorts
  await mkdir(world.dir, { recursive: true, mode: 0o700 })
  const temporary = `${portsFile(world)}.${process.pid}`
  await writeFile(temporary, JSON.stringify(ports), { mode: 0o600 })
  await rename(temporary, portsFile(world))
  return ports
}

/** Where a component says whether it is well. */
export function healthUrl(name: ComponentName, ports: ComponentPorts): string {
  const scheme = name === 'etcd' || name === 'kwok-controller' ? 'http' : 'https'
  const path = { etcd: '/health', 'kube-apiserver': '/readyz' }[name as string] ?? '/healthz'
  return `${scheme}://127.0.0.1:${ports[name]}${path}`
}
