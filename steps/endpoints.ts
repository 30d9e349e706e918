import type { ComponentName, Config } from '../src/config/schema.ts'

/** What people log in with; the value itself stays where it is. */
export interface Login {
  readonly user?: string
  /** Key of a Kubernetes Secret that holds the password or key. */
  readonly secret?: { readonly namespace: string; readonly name: string; readonly key: string }
  /** Where neither tells the whole. */
  readonly words?: string
}

/** A Service that people use with a browser or a client. */
export interface Endpoint {
  /** As commands name it. */
  readonly name: string
  readonly title: string
  readonly component: ComponentName
  readonly namespace: keyof Config['namespaces']
  readonly service: string
  /** Port of the Service. */
  readonly port: number
  /** Port on this machine, unless another one is wanted or it is taken. */
  readonly localPort: number
  readonly login: (config: Config) => Login
}

const openToAll = (): Login => ({ words: 'none: whoever reaches it sees everything' })

/** Names and ports of Services. Source: the charts' templates; kube-prometheus-stack cuts its name to 26 characters. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'ui',
    title: 'Open WebUI',
    component: 'openwebui',
    namespace: 'ui',
    service: 'open-webui',
    port: 80,
    localPort: 8080,
    login: ({ auth }) =>
      auth.ui === 'oidc'
        ? { words: `through ${auth.oidc.providerName}` }
        : { words: 'an account of its own; the first one that signs up administers' },
  },
  {
    name: 'litellm',
    title: 'LiteLLM: API, and its pages at /ui',
    component: 'litellm',
    namespace: 'gateway',
    service: 'litellm',
    port: 4000,
    localPort: 4000,
    login: ({ namespaces }) => ({
      user: 'admin',
      secret: { namespace: namespaces.gateway, name: 'litellm-secrets', key: 'master-key' },
    }),
  },
  {
    name: 'grafana',
    title: 'Grafana',
    component: 'monitoring',
    namespace: 'monitoring',
    service: 'kube-prometheus-grafana',
    port: 80,
    localPort: 3000,
    login: ({ namespaces, secrets }) => {
      const synced = secrets.synced.find(
        ({ namespace, name }) => namespace === 'monitoring' && name.includes('grafana'),
      )
      const name = synced?.name ?? 'kube-prometheus-grafana'
      const key = Object.keys(synced?.keys ?? {}).find((one) => one.includes('password')) ?? 'admin-password'
      return { user: 'admin', secret: { namespace: namespaces.monitoring, name, key } }
    },
  },
  {
    name: 'prometheus',
    title: 'Prometheus',
    component: 'monitoring',
    namespace: 'monitoring',
    service: 'kube-prometheus-kube-prome-prometheus',
    port: 9090,
    localPort: 9090,
    login: openToAll,
  },
  {
    name: 'alertmanager',
    title: 'Alertmanager',
    component: 'monitoring',
    namespace: 'monitoring',
    service: 'kube-prometheus-kube-prome-alertmanager',
    port: 9093,
    localPort: 9093,
    login: openToAll,
  },
  {
    name: 'jaeger',
    title: 'Jaeger',
    component: 'jaeger',
    namespace: 'monitoring',
    service: 'jaeger',
    port: 16686,
    localPort: 16686,
    login: openToAll,
  },
]
