import { render } from '@inquirer/testing'
import { describe, expect, it } from 'vitest'
import { AbortedError } from '../../src/errors.ts'
import { redact } from '../../src/secret.ts'
import { askComponent, askHidden, type ComponentQuestion, confirmPlan, confirmTyped } from '../../src/ui/prompts.ts'

const question: ComponentQuestion = {
  component: 'redis',
  state: 'drifted',
  detail: '2 changes',
  default: 'skip',
  view: () => undefined,
}

/** What the prompt ended with: its value, or the error's code. */
async function outcome(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof AbortedError) return [error.exitCode, error.code, error.message]
    throw error
  }
}

describe('askComponent', () => {
  it('shows the state and the keys', async () => {
    const { answer, events, getScreen } = await render(askComponent, question)
    expect(getScreen()).toMatchInlineSnapshot(`
      "? redis is drifted (2 changes)
        [S]kip*  [P]roceed  [V]iew  [A]uto  [Q]uit"
    `)
    events.keypress('s')
    await answer
    expect(getScreen()).toMatchInlineSnapshot(`"✔ redis is drifted (2 changes) Skip"`)
  })

  it.each([
    ['s', 'skip'],
    ['p', 'proceed'],
    ['a', 'auto'],
    ['q', [130, 'Declined', 'stopped; nothing was changed']],
  ])('%s answers at once', async (key, expected) => {
    const { answer, events } = await render(askComponent, question)
    const ended = outcome(answer)
    events.keypress(key)
    expect(await ended).toEqual(expected)
  })

  it('takes capitals', async () => {
    const { answer, events } = await render(askComponent, question)
    events.keypress({ name: 'p', shift: true })
    expect(await answer).toBe('proceed')
  })

  it.each(['skip', 'proceed'] as const)('Enter takes the default: %s', async (preset) => {
    const { answer, events } = await render(askComponent, { ...question, default: preset })
    events.keypress('enter')
    expect(await answer).toBe(preset)
  })

  it('V prints and asks again', async () => {
    let views = 0
    const view = () => {
      views += 1
    }
    const { answer, events, nextRender, getScreen } = await render(askComponent, { ...question, view })
    events.keypress('v')
    await nextRender()
    expect(views).toBe(1)
    expect(getScreen()).toContain('redis is drifted')
    events.keypress('p')
    expect(await answer).toBe('proceed')
    expect(views).toBe(1)
  })

  it('refuses any other key and goes on asking', async () => {
    const { answer, events, getScreen } = await render(askComponent, question)
    events.keypress('x')
    expect(getScreen()).toContain('press one of s, p, v, a, q, or Enter for s')
    events.keypress('a')
    expect(await answer).toBe('auto')
  })

  it('ends softly when it is cancelled', async () => {
    const abort = new AbortController()
    const { answer } = await render(askComponent, question, { signal: abort.signal })
    const ended = outcome(answer)
    abort.abort()
    expect(await ended).toEqual([130, 'Cancelled', 'stopped; nothing was changed'])
  })

  it('ends softly on Ctrl-C', async () => {
    const { answer, input } = await render(askComponent, question)
    const ended = outcome(answer)
    input.write('\u0003')
    expect(await ended).toEqual([130, 'Cancelled', 'stopped; nothing was changed'])
  })
})

describe('confirmPlan', () => {
  const plan = { accountId: '123456789012', region: 'eu-central-1', clusterName: 'prod', changes: '2 to create' }

  it('names account, cluster and changes', async () => {
    const { answer, events, getScreen } = await render(confirmPlan, plan)
    expect(getScreen()).toMatchInlineSnapshot(
      `"? Cluster prod, account 123456789012, eu-central-1: 2 to create. Go on? (y/N)"`,
    )
    events.type('y')
    events.keypress('enter')
    await expect(answer).resolves.toBeUndefined()
  })

  it('takes Enter for no', async () => {
    const { answer, events } = await render(confirmPlan, plan)
    const ended = outcome(answer)
    events.keypress('enter')
    expect(await ended).toEqual([130, 'Declined', 'declined; nothing was changed'])
  })
})

describe('confirmTyped', () => {
  const typed = { message: 'This removes redis and its data.', expected: 'prod' }

  it('goes on when the word was typed', async () => {
    const { answer, events } = await render(confirmTyped, typed)
    events.type('prod')
    events.keypress('enter')
    await expect(answer).resolves.toBeUndefined()
  })

  it.each(['', 'Prod', 'yes'])('declines "%s"', async (text) => {
    const { answer, events } = await render(confirmTyped, typed)
    const ended = outcome(answer)
    if (text !== '') events.type(text)
    events.keypress('enter')
    expect(await ended).toEqual([130, 'Declined', '"prod" was not typed; nothing was changed'])
  })
})

describe('askHidden', () => {
  it('never shows the value, and registers it for masking', async () => {
    const { answer, events, getScreen } = await render(askHidden, { message: 'Database URL:' })
    events.type('postgres://user:hunter22@db')
    expect(getScreen()).not.toContain('hunter22')
    events.keypress('enter')
    const secret = await answer
    expect(secret.reveal()).toBe('postgres://user:hunter22@db')
    expect(redact('is postgres://user:hunter22@db')).toBe('is ***')
    expect(getScreen({ raw: true })).not.toContain('hunter22')
  })

  it('asks again while it is empty', async () => {
    const { answer, events, getScreen, nextRender } = await render(askHidden, { message: 'Database URL:' })
    events.keypress('enter')
    await nextRender()
    expect(getScreen()).toContain('a value is needed')
    events.type('long-enough')
    events.keypress('enter')
    expect((await answer).reveal()).toBe('long-enough')
  })
})
