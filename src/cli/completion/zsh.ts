import { type CompletedCommand, type CompletedOption, valuedOptions } from './describe.ts'

/** Script for zsh: sourced after compinit, or as a file _llmgw on fpath. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const [program, ...others] = commands
  const valued = valuedOptions(commands)
  const patterns = ({ at, option }: (typeof valued)[number]) =>
    option.flags.map((flag) => (at === undefined ? `*'|${flag}'` : `'${at}|${flag}'`)).join('|')
  const cases = commands.map(
    ({ path, options, words, commands: below }) => `    ('${path.join(' ')}')
      items=(${[...below.map(item), ...words.map((word) => quoted(word))].join(' ')})
      flags=(${options.flatMap(flagItems).join(' ')}) ;;`,
  )
  return `#compdef llmgw
# Completion of llmgw for zsh. Use it with: source <(llmgw completion zsh), after compinit
_llmgw() {
  local at='' cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} word i
  local -a items flags
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    compset -P '*='
  fi
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "$at|$word" in
    (${valued.map(patterns).join('|')}) i=$((i + 1)) ;;
    (${others.map(({ path }) => `'${path.slice(0, -1).join(' ')}|${path.at(-1)}'`).join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at|$prev" in
${valued.map((one) => `    (${patterns(one)}) ${reply(one.option.value)}return ;;`).join('\n')}
  esac
  case "$at" in
${cases.join('\n')}
  esac
  flags+=(${(program?.options ?? []).flatMap(flagItems).join(' ')})
  if [[ $cur == -* ]]; then
    _describe -o option flags
  else
    _describe command items
  fi
}
if [[ \${funcstack[1]} == _llmgw ]]; then
  _llmgw "$@"
else
  compdef _llmgw llmgw
fi
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const item = ({ name, description }: { readonly name: string; readonly description: string }): string =>
  quoted(`${name}:${description.replaceAll(':', '\\:')}`)
const flagItems = ({ flags, description }: CompletedOption): readonly string[] =>
  flags.map((flag) => item({ name: flag, description }))

function reply({ kind, choices }: NonNullable<CompletedOption['value']>): string {
  if (kind === 'free') return ''
  if (kind === 'choice') return `compadd -- ${choices.join(' ')}; `
  return kind === 'file' ? '_files; ' : '_files -/; '
}
