import { describe, expect, it } from 'vitest'
import { fakeWorld } from '../fakes/fake-world.ts'
import { FILE, runCli } from './run-cli.ts'

const TOKENS = 'issuer: https://id.example.com, audience: gateway, jwksUrl: https://id.example.com/keys'
const ENTERPRISE = `${FILE}auth: { gateway: { mode: enterprise-jwt, ${TOKENS} } }\n`
const own = (more: string): string => `${FILE}auth: { gateway: { mode: custom-jwt, ${TOKENS}, ${more} } }\n`

describe('enterprise-jwt', () => {
  it('without a licence is refused before anything is written, alone or with all', async () => {
    for (const target of ['all', 'secrets']) {
      const world = fakeWorld()
      const { code, stderr } = await runCli(`deploy ${target} --yes`, { world, file: ENTERPRISE })
      expect([code, world.writes()]).toEqual([3, []])
      expect(stderr).toContain('LLMGW_SECRET_LITELLM_LICENCE')
    }
  })

  it('with a licence is deployed', async () => {
    const world = fakeWorld()
    const env = { LLMGW_SECRET_LITELLM_LICENCE: 'a-licence-0123456789' }
    const { code, stdout, stderr } = await runCli('deploy all --yes', { world, file: ENTERPRISE, env })
    expect(code, stderr).toBe(0)
    expect(stdout + stderr).not.toContain('a-licence-0123456789')
  })

  it('by the back door, as a setting of LiteLLM, is an error of validate and stops a deploy', async () => {
    const file = `${FILE}gateway: { settings: { general: { enable_jwt_auth: true }, litellm: {}, router: {} } }\n`
    const { code, stdout } = await runCli('validate', { file })
    expect([code, stdout]).toEqual([2, expect.stringContaining('wants a licence')])
    const world = fakeWorld()
    const deployed = await runCli('deploy all --yes', { world, file })
    expect([deployed.code, deployed.stdout + deployed.stderr]).toEqual([3, expect.stringContaining('wants a licence')])
    expect(world.writes()).toEqual([])
    expect((await runCli('validate', { file: ENTERPRISE })).code).toBe(0)
  })
})

const rules = (text: string): string => `${FILE}guardrails: { kind: rules, ${text} }\n`

describe('guardrails', () => {
  it.each([
    ['no rule', rules('words: []'), 'has no rule'],
    ['a message that the rules forbid', rules('words: [blocked]'), 'holds "blocked", which the rules forbid'],
    ['a pattern that is none', rules('patterns: ["(open"]'), 'a regular expression'],
    ['nowhere to apply', rules('words: [duck], apply: []'), 'guardrails.apply'],
  ])('with %s are refused', async (_what, file, text) => {
    const { code, stdout, stderr } = await runCli('validate', { file })
    expect([code, stdout + stderr]).toEqual([2, expect.stringContaining(text)])
  })

  it('with a word are valid', async () => {
    expect((await runCli('validate', { file: rules('words: [duck]') })).code).toBe(0)
  })
})

describe('custom-jwt', () => {
  it('needs no licence', async () => {
    const file = own('models: [claude-sonnet]')
    expect((await runCli('validate', { file })).code).toBe(0)
    const { code, stderr } = await runCli('deploy all --yes', { world: fakeWorld(), file })
    expect(code, stderr).toBe(0)
  })

  it.each([
    ['a model that is not there', own('models: [claude-sonet]'), 'did you mean "claude-sonnet"?'],
    ['no model', own('models: []'), 'auth.gateway.models'],
    ['a shared secret', own('algorithms: [HS256]'), 'found "HS256"'],
    ['no algorithm', own('algorithms: []'), 'auth.gateway.algorithms'],
    ['roles of no claim', own('allowedRoles: [llm]'), 'auth.gateway.allowedRoles: says nothing without rolesClaim'],
    ['a claim without roles', own('rolesClaim: groups'), 'auth.gateway.rolesClaim: says nothing without allowedRoles'],
    ['keys without TLS', own('userClaim: sub').replace('https://id.example.com/keys', 'http://id/keys'), 'jwksUrl'],
    ['no audience', own('userClaim: sub').replace(' audience: gateway,', ''), 'auth.gateway.audience: is missing'],
  ])('%s is refused', async (_what, file, text) => {
    const { code, stdout, stderr } = await runCli('validate', { file })
    expect([code, stdout + stderr]).toEqual([2, expect.stringContaining(text)])
  })
})
