import { applied, ready } from '../../src/engine/step.ts'
import { secretSync } from '../external-secrets/secret-sync.ts'
import type { PodShape, ResourceValues } from '../helm-release/definition.ts'
import { helmRelease } from '../helm-release.ts'
import { litellm } from '../litellm/litellm.ts'
import { gatewayAddress } from '../litellm/service.ts'
import { RELEASES } from '../names.ts'
import { namespaces } from '../namespaces.ts'
import { authorityText } from '../redis/certificate.ts'
import { tlsSecret } from '../redis/tls.ts'
import { secretVersions } from '../secret-versions.ts'
import { secrets } from '../secrets.ts'
import { storage } from '../storage.ts'
import { authorityEnvironment, needsAuthority, webUiEnvironment, webUiSecrets } from './environment.ts'
import { holdsMasterKey, webUiOf } from './settings.ts'

/** Values of the chart that decide what its pods ask for. */
interface WebUiValues {
  readonly replicaCount?: number
  readonly resources?: ResourceValues
}

/** One container; the one before it has ended by then. Source: open-webui chart, template of the workload. */
function webUiPods({ replicaCount = 1, resources = {} }: WebUiValues): readonly PodShape[] {
  return [{ name: 'open-webui', replicas: replicaCount, containers: [resources] }]
}

/** Open WebUI: chat in a browser, with the gateway as its only provider. */
export const openwebui = helmRelease<{ readonly url: string }>({
  id: 'openwebui',
  title: 'Install Open WebUI',
  component: 'openwebui',
  needs: [applied(namespaces), applied(storage), ready(secrets), ready(secretSync), applied(litellm)],
  off: ({ ui }) => (ui.kind === 'open-webui' ? undefined : `ui.kind is ${ui.kind}`),
  release: RELEASES.openWebUi,
  namespace: ({ namespaces: { ui } }) => ui,
  baseValues: 'helm-values/open-webui.yaml',
  values({ config }) {
    const ui = webUiOf(config)
    const { size, access, className } = ui.storage
    return {
      replicaCount: ui.replicas,
      resources: ui.resources,
      openaiBaseApiUrls: [`${gatewayAddress(config).url}/v1`],
      persistence: { size, accessModes: [access], ...(className && { storageClass: className }) },
      extraEnvVars: webUiEnvironment(config, ui),
    }
  },
  async late(ctx) {
    const podAnnotations = await secretVersions(ctx, webUiSecrets(ctx.config))
    const tls = needsAuthority(ctx.config) ? tlsSecret(ctx.config) : undefined
    if (tls === undefined) return { podAnnotations }
    return { podAnnotations, extraEnvVars: authorityEnvironment(await authorityText(ctx, tls)) }
  },
  note: (config) =>
    holdsMasterKey(config) ? 'with the master key of LiteLLM, since without a database it knows no other' : undefined,
  pods: webUiPods,
  out: ({ config }) => ({ url: webUiOf(config).url }),
})
