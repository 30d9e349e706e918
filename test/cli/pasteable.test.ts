import { expect, test } from 'vitest'
import { pasteable, platformFlags, quoted, withPasteableHints } from '../../src/cli/run/pasteable.ts'

test.each([
  [{}, ''],
  [{ sandbox: 'default' }, ' --sandbox'],
  [{ sandbox: 'two' }, ' --sandbox=two'],
  [{ config: 'prod/llmgw.yaml' }, ' --config prod/llmgw.yaml'],
  [{ config: "o'clock $HOME.yaml" }, String.raw` --config 'o'\''clock $HOME.yaml'`],
  [{ sandbox: 'two', config: 'a.yaml' }, ' --sandbox=two --config a.yaml'],
])('%j is named by%s', (platform, flags) => {
  expect(platformFlags(platform)).toBe(flags)
})

test.each([
  ['plan.json', 'plan.json'],
  ['my plan.json', "'my plan.json'"],
  ["it's", String.raw`'it'\''s'`],
  ['$(reboot)', "'$(reboot)'"],
  ['', "''"],
])('%j is %s to a shell', (word, text) => {
  expect(quoted(word)).toBe(text)
})

test.each(['keys revoke ci', 'images verify', 'charts lock', 'support-bundle', 'examples curl'])(
  'llmgw %s leads to this platform, too',
  (command) => {
    expect(pasteable(`llmgw ${command}`, { sandbox: 'two' })).toBe(`llmgw --sandbox=two ${command}`)
  },
)

test('commands that work on a platform are led to this one, others are not', () => {
  const text = 'llmgw deploy redis; see llmgw explain NotReady, then llmgw secrets set $& NAME'
  expect(pasteable(text, { config: '$&.yaml' })).toBe(
    "llmgw --config '$&.yaml' deploy redis; see llmgw explain NotReady, then llmgw --config '$&.yaml' secrets set $& NAME",
  )
  expect(pasteable(text, {})).toBe(text)
})

test('hints of causes lead there too', () => {
  const told = { hint: 'llmgw plan', cause: { code: 'X', message: 'llmgw plan', hint: 'llmgw status' } }
  expect(withPasteableHints(told, { config: 'a.yaml' })).toEqual({
    hint: 'llmgw --config a.yaml plan',
    cause: { code: 'X', message: 'llmgw plan', hint: 'llmgw --config a.yaml status' },
  })
})
