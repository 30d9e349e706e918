import { createPrompt, isEnterKey, makeTheme, useKeypress, usePrefix, useState } from '@inquirer/core'

export interface KeyChoice<Value> {
  /** Lower case. */
  readonly key: string
  readonly name: string
  readonly value: Value
}

export interface SingleKeyConfig {
  readonly message: string
  readonly choices: readonly KeyChoice<string>[]
  /** Key that Enter takes. */
  readonly default: string
}

/** A question that one key answers at once; Enter takes the default, any other key is refused with the choices. */
export const singleKey = createPrompt<string, SingleKeyConfig>((config, done) => {
  const theme = makeTheme()
  const [answered, setAnswered] = useState<string | undefined>(undefined)
  const [refused, setRefused] = useState(false)
  const prefix = usePrefix({ status: answered === undefined ? 'idle' : 'done', theme })

  useKeypress((event, line) => {
    line.clearLine(0)
    const key = isEnterKey(event) ? config.default : event.name
    const choice = config.choices.find((known) => known.key === key)
    setRefused(choice === undefined)
    if (choice === undefined) return
    setAnswered(choice.name)
    done(choice.value)
  })

  const message = theme.style.message(config.message, answered === undefined ? 'idle' : 'done')
  if (answered !== undefined) return `${prefix} ${message} ${theme.style.answer(answered)}`
  const keys = config.choices.map((choice) => choice.key).join(', ')
  return [
    `${prefix} ${message}\n  ${config.choices.map((choice) => label(choice, config.default)).join('  ')} `,
    refused ? theme.style.error(`press one of ${keys}, or Enter for ${config.default}`) : '',
  ]
})

/** `[S]kip`, and a star at the default. */
function label({ key, name }: KeyChoice<string>, defaultKey: string): string {
  return `[${key.toUpperCase()}]${name.slice(1)}${key === defaultKey ? '*' : ''}`
}
