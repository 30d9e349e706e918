import type { Config } from '../../../src/config/schema.ts'
import type { HttpAnswer } from '../../../src/ports/index.ts'
import { Secret } from '../../../src/secret.ts'
import { messageIn } from '../../litellm/ask-model.ts'
import { forgedToken } from '../../litellm/forged-token.ts'
import { masterKeyInCluster } from '../../litellm/master-key.ts'
import { gatewayTarget } from '../../litellm/service.ts'
import { RELEASES } from '../../names.ts'
import { type Check, verdict } from '../check.ts'
import { whereAnswered } from '../silent.ts'
import { callGateway } from './asking.ts'

const PATH = '/v1/models'
const NOBODYS = 'sk-nobody-was-given-this-key'

/** What `llmgw_tokens.py` answers while it has no keys of the identity provider. */
const NO_KEYS = 503

const tokenFault = ({ status, text }: HttpAnswer): string =>
  status === NO_KEYS
    ? `no token can be checked: HTTP ${status}: ${messageIn(text)}`
    : `a token that nobody signed is answered with HTTP ${status}`

const hintOf = ({ namespaces }: Config): string =>
  `the pods must reach auth.gateway.jwksUrl; its log says why they do not: kubectl logs deployment/${RELEASES.litellm.name} -n ${namespaces.gateway}`

const accepted = ({ status }: HttpAnswer) => status === 200
/** A gateway that is broken refuses nothing: it fails. */
const refused = ({ status }: HttpAnswer) => [400, 401, 403].includes(status)

/** Who has the key gets in, and nobody else. */
export const keysHold: Check = {
  id: 'litellm-keys',
  component: 'litellm',
  title: 'LiteLLM takes the master key and refuses others',
  async run(ctx) {
    const { namespace, name } = gatewayTarget(ctx.config)
    const lookedAt = `${PATH} of Service ${namespace}/${name}: with the master key, a wrong one, none`
    return await whereAnswered(lookedAt, async () => {
      const key = await masterKeyInCluster(ctx)
      const token = forgedToken(ctx.config, ctx.clock.now())
      const [own, wrong, none, forged] = await Promise.all([
        callGateway(ctx, { path: PATH, key }),
        callGateway(ctx, { path: PATH, key: new Secret(NOBODYS) }),
        callGateway(ctx, { path: PATH }),
        token && callGateway(ctx, { path: PATH, key: token }),
      ])
      const faults = [
        ...(accepted(own) ? [] : [`the master key is refused: HTTP ${own.status}: ${messageIn(own.text)}`]),
        ...(refused(wrong) ? [] : [`a key that nobody was given is answered with HTTP ${wrong.status}`]),
        ...(refused(none) ? [] : [`a call without a key is answered with HTTP ${none.status}`]),
        ...(forged === undefined || refused(forged) ? [] : [tokenFault(forged)]),
      ]
      return verdict(lookedAt, faults, {
        good: 'the master key accepted, all others refused',
        hint: forged?.status === NO_KEYS ? hintOf(ctx.config) : 'llmgw restart litellm',
      })
    })
  },
}
