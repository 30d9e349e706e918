import { describe, expect, it } from 'vitest'
import { createAssets, packageRoot } from '../../src/cli/assets.ts'

describe('files that come with the program', () => {
  const assets = createAssets(packageRoot())

  it('are given to each caller anew: what one changes the next does not see', async () => {
    const [first] = (await assets.documents('helm-values/redis-ha.yaml')) as [{ image: { tag: string } }]
    const tag = first.image.tag
    first.image.tag = 'changed'
    const [second] = (await assets.documents('helm-values/redis-ha.yaml')) as [{ image: { tag: string } }]
    expect(second.image.tag).toBe(tag)
  })

  it('that are not YAML are named', async () => {
    await expect(assets.documents('bin/llmgw.js')).rejects.toThrow('asset bin/llmgw.js: ')
  })

  it('are never looked for outside of the package', () => {
    expect(() => assets.text('../package.json')).toThrow('is outside the package')
  })
})
