import type { KubeObject } from '../../src/ports/index.ts'
import { differences, refOf } from '../desired.ts'
import { alertRuleObjects } from '../monitoring/alert-rules.ts'
import { type Monitor, wantedMonitors } from '../monitoring/monitors.ts'
import { type LabelSelector, selects } from '../monitoring/selector.ts'
import { PROMETHEUS } from '../monitoring/services.ts'
import { type Check, type CheckContext, verdict } from './check.ts'
import { whereOn } from './where-on.ts'

const HINT = 'llmgw deploy monitoring'

type PrometheusSpec = Readonly<Record<string, LabelSelector | undefined>>

/** What the Prometheus resource says about what it takes; undefined where there is none. */
async function prometheusSpec(ctx: CheckContext): Promise<PrometheusSpec | undefined> {
  const ref = { apiVersion: 'monitoring.coreos.com/v1', kind: 'Prometheus', name: PROMETHEUS }
  const found = await ctx.kube.find({ ...ref, namespace: ctx.config.namespaces.monitoring }, ctx.signal)
  return found && ((found.spec ?? {}) as PrometheusSpec)
}

/** Selectors of objects and of namespaces by kind. Source: prometheus-operator, API reference, PrometheusSpec. */
const SELECTORS: Readonly<Record<string, string>> = {
  PrometheusRule: 'rule',
  ServiceMonitor: 'serviceMonitor',
  PodMonitor: 'podMonitor',
}

/** Why Prometheus does not take an object that is wanted. */
async function unselected(ctx: CheckContext, object: KubeObject, spec: PrometheusSpec): Promise<readonly string[]> {
  const { kind, metadata } = object
  const [live, home] = await Promise.all([
    ctx.kube.find(refOf(object), ctx.signal),
    ctx.kube.find({ apiVersion: 'v1', kind: 'Namespace', name: metadata.namespace ?? '' }, ctx.signal),
  ])
  if (live === undefined) return [`${kind} ${metadata.name} is not there`]
  const prefix = SELECTORS[kind] ?? ''
  // Without a selector of namespaces only the own one counts, and ours are there.
  const namespaces = spec[`${prefix}NamespaceSelector`]
  return [
    ...(differences(object.spec, live.spec).length > 0 ? [`${kind} ${metadata.name} is not as wanted`] : []),
    ...(selects(spec[`${prefix}Selector`], live.metadata.labels)
      ? []
      : [`${kind} ${metadata.name} is not selected by ${prefix}Selector`]),
    ...(namespaces === undefined || selects(namespaces, home?.metadata.labels)
      ? []
      : [`namespace ${metadata.namespace} is not selected by ${prefix}NamespaceSelector`]),
  ]
}

/** Every alert rule of ours is one that Prometheus loads. */
export const rulesSelected: Check = {
  id: 'alert-rules',
  component: 'monitoring',
  title: 'Alert rules are selected by Prometheus',
  run: whereOn(async (ctx) => {
    const [rules, spec] = await Promise.all([alertRuleObjects(ctx), prometheusSpec(ctx)])
    const lookedAt = `PrometheusRules ${rules.map(({ metadata }) => metadata.name).join(', ')}, Prometheus ${PROMETHEUS}`
    if (spec === undefined) return verdict(lookedAt, ['there is no such Prometheus'], { good: '', hint: HINT })
    const wrong = (await Promise.all(rules.map((rule) => unselected(ctx, rule, spec)))).flat()
    return verdict(lookedAt, wrong, { good: `${rules.length} selected`, hint: HINT })
  }),
}

interface MonitorSpec {
  readonly selector: LabelSelector
  readonly namespaceSelector: { readonly matchNames: readonly string[] }
  readonly endpoints?: readonly { readonly port: string }[]
  readonly podMetricsEndpoints?: readonly { readonly port: string }[]
}

/** Every monitor of ours is selected, and leads to a Service or Pods that have its port by name. */
export const monitorsReach: Check = {
  id: 'monitors',
  component: 'monitoring',
  title: 'Monitors are selected by Prometheus and lead to ports that exist',
  run: whereOn(async (ctx) => {
    const [monitors, spec] = await Promise.all([wantedMonitors(ctx), prometheusSpec(ctx)])
    const names = monitors.map(({ object: { kind, metadata } }) => `${kind} ${metadata.name}`).join(', ')
    const lookedAt = `${names}, and what they select`
    if (spec === undefined) return verdict(lookedAt, [`there is no Prometheus ${PROMETHEUS}`], { good: '', hint: HINT })
    const faults = await Promise.all(
      monitors.map(async (monitor) => [
        ...(await unselected(ctx, monitor.object, spec)),
        ...(await portless(ctx, monitor)),
      ]),
    )
    return verdict(lookedAt, faults.flat(), { good: `${monitors.length} as wanted`, hint: 'llmgw status' })
  }),
}

/** A component that is not deployed has no port to be missed. */
async function portless(ctx: CheckContext, { object: monitor, release }: Monitor): Promise<readonly string[]> {
  if ((await ctx.helm.find(release.name, release.namespace, ctx.signal)) === undefined) return []
  const { selector, namespaceSelector, endpoints = [], podMetricsEndpoints = [] } = monitor.spec as MonitorSpec
  const kind = monitor.kind === 'PodMonitor' ? 'Pod' : 'Service'
  const [namespace = ''] = namespaceSelector.matchNames
  const all = await ctx.kube.list({ apiVersion: 'v1', kind, namespace }, ctx.signal)
  const selected = all.filter(({ metadata }) => selects(selector, metadata.labels))
  const ports = new Set(selected.flatMap(kind === 'Pod' ? podPorts : servicePorts))
  return [...endpoints, ...podMetricsEndpoints]
    .filter(({ port }) => !ports.has(port))
    .map(({ port }) => `${monitor.kind} ${monitor.metadata.name}: no ${kind} in ${namespace} has a port "${port}"`)
}

interface Ports {
  readonly ports?: readonly { readonly name?: string }[]
}

const namesOf = ({ ports = [] }: Ports) => ports.flatMap(({ name }) => name ?? [])
const servicePorts = ({ spec = {} }: KubeObject) => namesOf(spec as Ports)
const podPorts = ({ spec }: KubeObject) =>
  ((spec as { containers?: readonly Ports[] }).containers ?? []).flatMap(namesOf)
