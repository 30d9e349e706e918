import type { Config } from '../../src/config/schema.ts'
import { RELEASES } from '../names.ts'
import { webUiSecrets } from '../openwebui/environment.ts'
import { KEY_SECRET } from '../openwebui/key-names.ts'
import { noKeyOfItsOwn, wantedKey, works } from '../openwebui/openwebui-key.ts'
import { holdsMasterKey, WEBUI_SERVICE } from '../openwebui/settings.ts'
import { type SecretPlace, secretInCluster } from '../secret-in-cluster.ts'
import { syncedKey } from '../synced-key.ts'
import { type Check, verdict } from './check.ts'
import { openWebUiAnswers } from './open-webui-answers.ts'
import { openWebUiModels } from './open-webui-models.ts'
import { objectsReady, releaseDeployed, type Subject, serviceReady } from './release-checks.ts'
import { versionsRun } from './secret-versions.ts'
import { whereAnswered } from './silent.ts'

const isOff = ({ ui }: Config) => ui.kind !== 'open-webui'

const WEBUI: Subject = {
  component: 'openwebui',
  name: RELEASES.openWebUi.name,
  namespace: ({ namespaces }) => namespaces.ui,
  off: isOff,
}

const CLAIM = 'PersistentVolumeClaim'

/** Its key is its own: with the master key whoever reads that Secret administers the gateway. */
const ownKey: Check = {
  id: 'open-webui-key',
  component: 'openwebui',
  title: 'Open WebUI calls the gateway with a key of its own',
  async run(ctx) {
    const { namespaces } = ctx.config
    if (isOff(ctx.config)) return { result: 'skip', lookedAt: 'the configuration', found: 'not configured' }
    if (holdsMasterKey(ctx.config)) {
      const found = 'the master key: LiteLLM has no database to keep another one in'
      return { result: 'warn', lookedAt: 'secrets.synced', found, hint: 'set database.kind to external' }
    }
    const own = { namespace: namespaces.ui, ...syncedKey(ctx.config, 'ui', KEY_SECRET) }
    const master = { namespace: namespaces.gateway, ...syncedKey(ctx.config, 'gateway', 'litellm-master-key') }
    const [held, forbidden] = await Promise.all([secretInCluster(ctx, own), secretInCluster(ctx, master)])
    const wrong = [
      ...(held === undefined ? [`${place(own)} is not there`] : []),
      ...(held !== undefined && held.reveal() === forbidden?.reveal() ? [`${place(own)} is the master key`] : []),
    ]
    const lookedAt = `${place(own)}, ${place(master)}`
    return verdict(lookedAt, wrong, { good: 'they differ', hint: 'llmgw deploy secrets external-secrets openwebui' })
  },
}

const place = ({ namespace, name, key }: SecretPlace) => `key ${key} of Secret ${namespace}/${name}`

/** A key that LiteLLM does not know, or that may do more than asked. */
const registered: Check = {
  id: 'open-webui-key-registered',
  component: 'openwebui',
  title: "LiteLLM knows Open WebUI's key, for the configured models alone",
  async run(ctx) {
    const off = noKeyOfItsOwn(ctx)
    if (off !== undefined) return { result: 'skip', lookedAt: 'the configuration', found: off }
    const lookedAt = `keys of LiteLLM in namespace ${ctx.config.namespaces.gateway}`
    const hint = 'llmgw deploy openwebui'
    const wanted = await wantedKey(ctx)
    if (wanted === undefined) return verdict(lookedAt, ['its value is not in Secrets Manager'], { good: '', hint })
    return await whereAnswered(lookedAt, async () => {
      const found = await ctx.gatewayKeys.find(wanted.access, wanted.key.value, ctx.signal)
      if (found === undefined) return verdict(lookedAt, ['LiteLLM does not know it'], { good: '', hint })
      const [may, should] = [[...found.models].sort().join(', '), wanted.key.models.join(', ')]
      const wrong = [
        ...(works(found) ? [] : [`it is ${found.status}`]),
        ...(may === should ? [] : [`it may call ${may || 'every model'}, expected ${should}`]),
      ]
      return verdict(lookedAt, wrong, { good: `${found.alias}: ${may}`, hint })
    })
  },
}

export const openWebUiChecks: readonly Check[] = [
  releaseDeployed(WEBUI),
  objectsReady(WEBUI, { id: 'rollout-open-webui', title: 'Open WebUI has rolled out' }, ({ kind }) => kind !== CLAIM),
  objectsReady(WEBUI, { id: 'volume-open-webui', title: 'Open WebUI volume is bound' }, ({ kind }) => kind === CLAIM),
  serviceReady(WEBUI, {
    id: 'open-webui-endpoints',
    title: 'Open WebUI Service leads to ready endpoints',
    service: () => WEBUI_SERVICE.name,
    ports: WEBUI_SERVICE.ports,
  }),
  ownKey,
  registered,
  versionsRun({
    id: 'secret-versions-openwebui',
    component: 'openwebui',
    workload: ({ namespaces }) => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      name: RELEASES.openWebUi.name,
      namespace: namespaces.ui,
    }),
    secrets: webUiSecrets,
    off: isOff,
  }),
  ...openWebUiAnswers,
  ...openWebUiModels,
]
