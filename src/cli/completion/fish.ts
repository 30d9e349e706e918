import { type CompletedCommand, type CompletedOption, valuedOptions } from './describe.ts'

/** Script for fish 3 or newer: `llmgw completion fish | source`. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const [, ...others] = commands
  const skipped = valuedOptions(commands).flatMap(({ at, option }) =>
    option.flags.map((flag) => `'${at ?? '*'}|${flag}'`),
  )
  const lines = commands.flatMap(({ path, commands: below, words, options }) => {
    const here = `-n '__llmgw_at "${path.join(' ')}"'`
    return [
      ...below.map(({ name, description }) => `complete -c llmgw ${here} -a ${name} -d ${quoted(description)}`),
      ...(words.length === 0 ? [] : [`complete -c llmgw ${here} -a '${words.join(' ')}'`]),
      ...options.map((one) => `complete -c llmgw${path.length === 0 ? '' : ` ${here}`} ${optionWords(one)}`),
    ]
  })
  return `# Completion of llmgw for fish. Use it with: llmgw completion fish | source
function __llmgw_at
  set -l at ''
  set -l skip 0
  set -l line (commandline -opc)
  set -e line[1]
  for word in $line
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$at|$word"
      case ${skipped.join(' ')}
        set skip 1
      case ${others.map(({ path }) => `'${path.slice(0, -1).join(' ')}|${path.at(-1)}'`).join(' ')}
        set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end
complete -c llmgw -f
${lines.join('\n')}
`
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function optionWords({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  return [...names, ...valueWords(value), `-d ${quoted(description)}`].join(' ')
}

function valueWords(value: CompletedOption['value']): readonly string[] {
  if (value === undefined) return []
  if (value.kind === 'choice') return [`-xa '${value.choices.join(' ')}'`]
  return value.kind === 'free' ? ['-x'] : ['-rF']
}
