import { applied, ready } from '../../src/engine/step.ts'
import type { LlmgwStep, StepContext } from '../../src/ports/index.ts'
import { RELEASES } from '../names.ts'
import { keysOfOurs } from '../openwebui/key-names.ts'
import { noKeyOfItsOwn, registerKey, wantedKey, works } from '../openwebui/openwebui-key.ts'
import type { VersionOut } from './new-version.ts'

type Version = LlmgwStep<VersionOut>

/** The key with the current value, and those with values of before; undefined where LiteLLM is not deployed, which has neither. */
async function look(ctx: StepContext) {
  const release = await ctx.helm.find(RELEASES.litellm.name, ctx.config.namespaces.gateway, ctx.signal)
  const wanted = release && (await wantedKey(ctx))
  if (wanted === undefined) return undefined
  const { access, key } = wanted
  const [found, all] = [await ctx.gatewayKeys.find(access, key.value, ctx.signal), await keysOfOurs(ctx, access)]
  return { access, found, others: all.filter(({ alias }) => alias !== found?.alias) }
}

/** A step that has LiteLLM take the new value before anybody presents it; the one before works on. */
export function acceptKey(version: Version): LlmgwStep {
  return {
    id: 'accept-gateway-key',
    title: "Have LiteLLM take Open WebUI's new key",
    component: 'openwebui',
    needs: [applied(version)],
    off: noKeyOfItsOwn,

    async check(ctx) {
      await ctx.output(version)
      const seen = await look(ctx)
      if (seen === undefined || (seen.found && works(seen.found))) return { state: 'current', out: undefined }
      const detail = 'beside the one before'
      return { state: 'drifted', changes: [{ action: 'create', target: 'litellm key open-webui', detail }] }
    },

    apply: registerKey,
  }
}

/** A step that has LiteLLM refuse the values of before, once nobody presents them. */
export function withdrawKey(version: Version, after: readonly LlmgwStep<unknown>[]): LlmgwStep {
  return {
    id: 'withdraw-gateway-key',
    title: "Have LiteLLM refuse Open WebUI's old key",
    component: 'openwebui',
    needs: [applied(version), ...after.map((step) => ready(step))],
    off: noKeyOfItsOwn,

    async check(ctx) {
      await ctx.output(version)
      const others = (await look(ctx))?.others ?? []
      if (others.length === 0) return { state: 'current', out: undefined }
      return {
        state: 'drifted',
        changes: others.map(({ alias }) => ({ action: 'delete', target: `litellm key ${alias}` })),
      }
    },

    async apply(ctx) {
      const seen = await look(ctx)
      // Without the one that is presented the others are all there is.
      if (seen?.found === undefined) return
      for (const { alias } of seen.others) await ctx.gatewayKeys.revoke(seen.access, alias, ctx.signal)
    },
  }
}
