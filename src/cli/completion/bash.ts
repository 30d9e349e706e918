import { type CompletedCommand, type CompletedOption, valuedOptions } from './describe.ts'

/** Script for bash 3.2 or newer: `source <(llmgw completion bash)`. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const [program, ...others] = commands
  const valued = valuedOptions(commands)
  const patterns = ({ at, option }: (typeof valued)[number]) =>
    option.flags.map((flag) => (at === undefined ? `*'|${flag}'` : `'${at}|${flag}'`)).join('|')
  const values = valued.map((one) => `    ${patterns(one)}) ${reply(one.option.value)} return ;;`)
  const everywhere = flagsOf(program?.options ?? [])
  const cases = commands.map(
    ({ path, options, words, commands: below }) =>
      `    '${path.join(' ')}') words='${[...below.map(({ name }) => name), ...words].join(' ')}' flags='${flagsOf(options)}' ;;`,
  )
  return `# Completion of llmgw for bash. Use it with: source <(llmgw completion bash)
_llmgw() {
  local IFS=$' \\t\\n' cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at='' words='' flags='' word i
  COMPREPLY=()
  # Bash splits --flag=value into three words.
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$at|$word" in
    ${valued.map(patterns).join('|')})
      i=$((i + 1))
      [[ \${COMP_WORDS[i]} == '=' ]] && i=$((i + 1)) ;;
    *'|=') i=$((i + 1)) ;;
    ${others.map(({ path }) => `'${path.slice(0, -1).join(' ')}|${path.at(-1)}'`).join('|')})
      at="\${at:+$at }$word" ;;
    esac
  done
  case "$at|$prev" in
${values.join('\n')}
  esac
  case "$at" in
${cases.join('\n')}
  esac
  [[ $cur == -* ]] && words="$flags ${everywhere}"
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _llmgw llmgw
`
}

const flagsOf = (options: readonly CompletedOption[]): string => options.flatMap(({ flags }) => flags).join(' ')

function reply({ kind, choices }: NonNullable<CompletedOption['value']>): string {
  // A value that nobody can guess: no reply is better than a wrong one.
  if (kind === 'free') return ''
  if (kind === 'choice') return `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur"));`
  const files = kind === 'file' ? '-f' : '-d'
  return `IFS=$'\\n'; compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen ${files} -- "$cur"));`
}
