import type { HttpAnswer, HttpAsk } from '../../src/ports/index.ts'
import { WEBUI_SERVICE, type WebUi, webUiOf } from '../openwebui/settings.ts'
import { type Check, type CheckContext, type CheckResult, verdict } from './check.ts'
import { whereAnswered } from './silent.ts'

const HINT = 'llmgw diagnose openwebui'

/** A check of Open WebUI where it is configured; it skips where nobody answers. */
export function uiCheck(
  check: Pick<Check, 'id' | 'title'> & {
    readonly path: string
    readonly judge: (ctx: CheckContext, ui: WebUi, lookedAt: string) => Promise<CheckResult>
  },
): Check {
  const { path, judge, ...told } = check
  return {
    ...told,
    component: 'openwebui',
    async run(ctx) {
      const { ui } = ctx.config
      if (ui.kind !== 'open-webui')
        return { result: 'skip', lookedAt: 'the configuration', found: `ui.kind is ${ui.kind}` }
      const lookedAt = `${path} of Service ${ctx.config.namespaces.ui}/${WEBUI_SERVICE.name}`
      return await whereAnswered(lookedAt, () => judge(ctx, webUiOf(ctx.config), lookedAt))
    },
  }
}

/** One call of Open WebUI. */
export function askWebUi(ctx: CheckContext, ask: HttpAsk): Promise<HttpAnswer> {
  const { name, ports } = WEBUI_SERVICE
  const target = { namespace: ctx.config.namespaces.ui, name, port: ports.http, component: 'openwebui' } as const
  return ctx.serviceCalls.call(target, ask, ctx.signal)
}

/** It answers, and so does its database. */
const healthy = uiCheck({
  id: 'open-webui-health',
  title: 'Open WebUI and its database answer',
  path: '/health/db',
  async judge(ctx, _ui, lookedAt) {
    const { status, text } = await askWebUi(ctx, { path: '/health/db' })
    const wrong = status === 200 ? [] : [`HTTP ${status}: ${text.slice(0, 200)}`]
    return verdict(lookedAt, wrong, { good: 'HTTP 200', hint: HINT })
  },
})

const CALLBACK = '/oauth/oidc/callback'
const isRedirect = (status: number) => status >= 300 && status < 400

/** Where a browser is sent; the provider compares the redirect address letter by letter. */
const login = uiCheck({
  id: 'open-webui-login',
  title: 'Login leads where the configuration says',
  path: '/oauth/oidc/login',
  async judge(ctx, ui, lookedAt) {
    if (ctx.config.auth.ui === 'local') return await localLogin(ctx)
    const { status, headers, text } = await askWebUi(ctx, { path: '/oauth/oidc/login' })
    const location = String(headers.location ?? '')
    if (!isRedirect(status) || !URL.canParse(location)) {
      const found = `HTTP ${status} and no redirect to an identity provider: ${text.slice(0, 200)}`
      return verdict(lookedAt, [found], { good: '', hint: 'llmgw secrets status, and oidc-provider-url in it' })
    }
    const { host, protocol, searchParams } = new URL(location)
    const expected = `${ui.url.replace(/\/$/, '')}${CALLBACK}`
    const redirect = searchParams.get('redirect_uri')
    const wrong = [
      ...(protocol === 'https:' ? [] : [`the provider's address is not https: ${host}`]),
      ...(redirect === expected ? [] : [`redirect_uri is ${redirect ?? 'absent'}, expected ${expected}`]),
      ...(searchParams.get('client_id') ? [] : ['client_id is absent']),
      ...(searchParams.get('state') ? [] : ['state is absent']),
    ]
    return verdict(lookedAt, wrong, { good: `${host}, back to ${redirect}`, hint: 'llmgw deploy openwebui' })
  },
})

interface Features {
  readonly features?: {
    readonly auth?: boolean
    readonly enable_signup?: boolean
    readonly enable_login_form?: boolean
  }
}

/** Accounts of its own: somebody must log in, and nobody may make himself one. */
async function localLogin(ctx: CheckContext): Promise<CheckResult> {
  const lookedAt = `/api/config of Service ${ctx.config.namespaces.ui}/${WEBUI_SERVICE.name}`
  const { status, text } = await askWebUi(ctx, { path: '/api/config' })
  if (status !== 200) return verdict(lookedAt, [`HTTP ${status}`], { good: '', hint: HINT })
  const { features = {} } = JSON.parse(text) as Features
  const wrong = [
    ...(features.auth === true ? [] : ['it asks nobody to log in']),
    ...(features.enable_signup === true ? ['everybody may sign up'] : []),
    ...(features.enable_login_form === false ? ['there is no form to log in with'] : []),
  ]
  return verdict(lookedAt, wrong, { good: 'with an account, and nobody signs up', hint: 'llmgw deploy openwebui' })
}

export const openWebUiAnswers: readonly Check[] = [healthy, login]
