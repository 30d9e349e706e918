import { describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/schema.ts'
import type { Target } from '../../src/ports/index.ts'
import { bedrockResources } from '../../steps/bedrock-resources.ts'

const place = { accountId: '123456789012', region: 'us-east-1', partition: 'aws' }

function resources(model: string, more: { regions?: string[]; region?: string; partition?: string } = {}) {
  const { regions, ...where } = more
  const entry = { name: 'm', provider: 'bedrock' as const, model, ...(regions ? { regions } : {}) }
  return bedrockResources({ models: [entry] } as unknown as Config, { ...place, ...where } as Target)
}

describe('bedrockResources', () => {
  it('names the model of the region for a plain model id', () => {
    expect(resources('amazon.nova-lite-v1:0')).toEqual([
      'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
    ])
  })

  it('names profile and model in each destination region for a profile id', () => {
    expect(resources('us.amazon.nova-lite-v1:0')).toEqual([
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0',
      'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
      'arn:aws:bedrock:us-east-2::foundation-model/amazon.nova-lite-v1:0',
      'arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0',
    ])
  })

  it('adds the region of the call where no regions are listed, and takes a list as it is', () => {
    const west = resources('us.amazon.nova-lite-v1:0', { region: 'us-west-1' })
    expect(west).toContain('arn:aws:bedrock:us-west-1::foundation-model/amazon.nova-lite-v1:0')
    expect(resources('eu.x.y-v1:0', { region: 'eu-west-1', regions: ['eu-north-1'] })).toEqual([
      'arn:aws:bedrock:eu-north-1::foundation-model/x.y-v1:0',
      'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.x.y-v1:0',
    ])
  })

  it('names the model without a region for a global profile', () => {
    expect(resources('global.anthropic.claude-x-v1:0')).toEqual([
      'arn:aws:bedrock:::foundation-model/anthropic.claude-x-v1:0',
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-x-v1:0',
      'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x-v1:0',
    ])
  })

  it('tells us-gov from us, and names its partition', () => {
    const gov = resources('us-gov.anthropic.claude-x-v1:0', { region: 'us-gov-west-1', partition: 'aws-us-gov' })
    expect(gov).toEqual([
      'arn:aws-us-gov:bedrock:us-gov-east-1::foundation-model/anthropic.claude-x-v1:0',
      'arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.anthropic.claude-x-v1:0',
      'arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-x-v1:0',
    ])
  })

  it('takes an ARN as it is', () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc'
    expect(resources(arn)).toEqual([arn])
  })

  it.each(['*', 'us.anthropic.*', 'arn:aws:bedrock:*:123456789012:provisioned-model/x', 'a.b?'])(
    'refuses %s, which would grant more than one model',
    (model) => {
      expect(() => resources(model)).toThrow(expect.objectContaining({ code: 'ModelNotExact', exitCode: 2 }))
    },
  )

  it('never holds a wildcard', () => {
    const all = ['us.a.b', 'eu.a.b', 'apac.a.b', 'jp.a.b', 'au.a.b', 'ca.a.b', 'global.a.b', 'a.b']
    expect(all.flatMap((model) => resources(model)).filter((arn) => /[*?]/.test(arn))).toEqual([])
    expect(all.flatMap((model) => resources(model)).length).toBeGreaterThan(all.length)
  })
})
