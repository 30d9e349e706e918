import type { Config } from '../../src/config/schema.ts'
import type { SecretPlace } from '../secret-in-cluster.ts'
import { syncedKey } from '../synced-key.ts'
import { KEY_SECRET } from './key-names.ts'
import { holdsMasterKey } from './settings.ts'

/** Where Open WebUI's pods read the key with which they call the gateway. */
export function findOpenWebUiKey(config: Config): SecretPlace {
  const logicalName = holdsMasterKey(config) ? 'litellm-master-key' : KEY_SECRET
  return { namespace: config.namespaces.ui, ...syncedKey(config, 'ui', logicalName) }
}
