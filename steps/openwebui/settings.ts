import type { Config } from '../../src/config/schema.ts'
import { RELEASES } from '../names.ts'

export type WebUi = Extract<Config['ui'], { kind: 'open-webui' }>

/** Settings of the chat interface; a bug where the configuration has none. */
export function webUiOf({ ui }: Config): WebUi {
  if (ui.kind !== 'open-webui') throw new Error(`ui.kind is ${ui.kind}: the openwebui step is off`)
  return ui
}

/** Name and ports of the Service. Source: open-webui chart. */
export const WEBUI_SERVICE = { name: RELEASES.openWebUi.name, ports: { http: 80 } } as const

/** Without a database LiteLLM knows the master key alone: whoever reads it in this namespace administers the gateway. */
export function holdsMasterKey({ secrets }: Config): boolean {
  return secrets.synced.some(
    ({ namespace, keys }) => namespace === 'ui' && Object.values(keys).includes('litellm-master-key'),
  )
}
