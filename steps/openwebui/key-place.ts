import type { Config } from '../../src/config/schema.ts'
import type { SecretPlace } from '../secret-in-cluster.ts'
import { syncedKey } from '../synced-key.ts'
import { holdsMasterKey } from './settings.ts'

/** Where Open WebUI's pods read the key with which they call the gateway. */
export function findOpenWebUiKey(config: Config): SecretPlace {
  const logicalName = holdsMasterKey(config) ? 'litellm-master-key' : 'openwebui-litellm-key'
  return { namespace: config.namespaces.ui, ...syncedKey(config, 'ui', logicalName) }
}
