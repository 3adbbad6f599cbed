/** The scripts that bash and zsh load, made from the table of commands. */
import { COMMAND_NAMES, isCommandName, optionWords } from './options.ts';

/** What the names behind a command are. */
const NAMES: Readonly<Record<string, string>> = {
  'resource add': 'domains',
  'resource delete': 'guests',
  'resource start': 'guests',
  'resource stop': 'guests',
  'resource move': 'guests',
  'resource unmove': 'guests',
  'resource list': 'guests',
  'location move': 'guests',
  'guest init': 'domains',
  evacuate: 'nodes',
  'token make': 'guests',
};

const firstWords = [...new Set(COMMAND_NAMES.map((name) => name.split(' ')[0] ?? ''))];

function secondWords(first: string): readonly string[] {
  return COMMAND_NAMES.filter((name) => name.startsWith(`${first} `)).map((name) => name.split(' ')[1] ?? '');
}

const groups = firstWords.filter((word) => secondWords(word).length > 0);

function optionCases(): string {
  return COMMAND_NAMES.filter(isCommandName)
    .map((name) => `    '${name}') options='${optionWords(name).join(' ')}'; names='${NAMES[name] ?? ''}' ;;`)
    .join('\n');
}

export function bashScript(): string {
  return `# bash completion for vm-ctl
_vm_ctl() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} first=2
  local words='' options='' names='' name
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${firstWords.join(' ')} --help --version' -- "$current"))
    return
  fi
  case "$command" in
${groups.map((group) => `    ${group}) words='${secondWords(group).join(' ')}' ;;`).join('\n')}
  esac
  if [ -n "$words" ]; then
    if [ "$COMP_CWORD" -eq 2 ]; then
      COMPREPLY=($(compgen -W "$words --help" -- "$current"))
      return
    fi
    command="$command \${COMP_WORDS[2]}"
  fi
  case "$command" in
${optionCases()}
    completion) return ;;
  esac
  case "$previous" in
    -a|--active|-n|--node|-b|--before) names=nodes ;;
    -g|--guest) names=guests ;;
    -m|--migrate) COMPREPLY=($(compgen -W 'on off' -- "$current")); return ;;
    --format) COMPREPLY=($(compgen -W 'crm pcs xml' -- "$current")); return ;;
    --disk) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --cib-file|--config|--keys|--tokens) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")); return ;;
  esac
  [ -n "$names" ] || return
  while IFS= read -r name; do
    case "$name" in "$current"*) COMPREPLY+=("$(printf '%q' "$name")") ;; esac
  done < <(vm-ctl completion "$names" 2>/dev/null)
}
complete -F _vm_ctl vm-ctl
`;
}

export function zshScript(): string {
  return `#compdef vm-ctl
_vm_ctl() {
  local command=\${words[2]} options='' names=''
  local -a found
  if (( CURRENT == 2 )); then compadd -- ${firstWords.join(' ')} --help --version; return; fi
  case "$command" in
${groups.map((group) => `    ${group}) if (( CURRENT == 3 )); then compadd -- ${secondWords(group).join(' ')} --help; return; fi; command="$command \${words[3]}" ;;`).join('\n')}
  esac
  case "$command" in
${optionCases()}
  esac
  case "\${words[CURRENT-1]}" in
    -a|--active|-n|--node|-b|--before) names=nodes ;;
    -g|--guest) names=guests ;;
    -m|--migrate) compadd -- on off; return ;;
    --format) compadd -- crm pcs xml; return ;;
    --cib-file|--config|--keys|--tokens|--disk) _files; return ;;
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then compadd -- \${=options}; return; fi
  [[ -n "$names" ]] || return
  found=("\${(@f)$(vm-ctl completion "$names" 2>/dev/null)}")
  compadd -a found
}
# Loaded from $fpath it is called for the first completion itself.
if [[ "\${funcstack[1]}" == _vm-ctl ]]; then _vm_ctl "$@"; else compdef _vm_ctl vm-ctl; fi
`;
}
