import { describe, expect, it } from 'vitest'
import { tables } from './cases.ts'
import { evaluate, readTemplate } from './evaluate.ts'

describe.each(tables)('policy $policy: $title', ({ policy, parameters, cases }) => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, { object, former, violations }) => {
    const said = evaluate(await readTemplate(policy), parameters, { object, former })
    expect(said).toEqual(violations.map((words) => expect.stringMatching(words)))
  })
})
