import type { Command } from 'commander';
import { UsageError } from '../failures.js';

/**
 * Prints a script that completes commands, options and the names of accounts. Without a terminal as its input `list` runs no
 * configuration that lies in the working directory: whoever presses TAB has not asked for its code.
 */
export function completion(shell: string, program: Command): void {
  const script = scripts[shell];
  if (script === undefined) throw new UsageError(`${shell}: expected bash, zsh or fish`);
  process.stdout.write(script(program));
}

const scripts: Readonly<Record<string, (program: Command) => string>> = {
  bash: (program) => `_auth() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${namesOf(program).join(' ')}' -- "$word"))
    return
  fi
  case "$word" in
    -*)
      case "\${COMP_WORDS[1]}" in
${program.commands.map((command) => `        ${command.name()}) COMPREPLY=($(compgen -W '${optionsOf(command).join(' ')}' -- "$word")) ;;`).join('\n')}
      esac ;;
    *) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W "$(auth list </dev/null 2>/dev/null)" -- "$word")) ;;
  esac
}
complete -o default -F _auth auth auth-cli
`,
  zsh: (program) => `#compdef auth auth-cli
_auth() {
  if (( CURRENT == 2 )); then
    local -a commands=(${program.commands.map((command) => `'${command.name()}:${escaped(command.description())}'`).join(' ')})
    _describe command commands
  elif [[ $words[CURRENT] == -* ]]; then
    case $words[2] in
${program.commands.map((command) => `      ${command.name()}) compadd -- ${optionsOf(command).join(' ')} ;;`).join('\n')}
    esac
  elif (( CURRENT == 3 )); then
    compadd -- \${(f)"$(auth list </dev/null 2>/dev/null)"}
  else
    _files
  fi
}
compdef _auth auth auth-cli
`,
  fish: (program) =>
    `${[
      ...program.commands.map(
        (command) =>
          `complete -c auth -n __fish_use_subcommand -f -a ${command.name()} -d '${escaped(command.description())}'`,
      ),
      `complete -c auth -n 'not __fish_use_subcommand' -f -a '(auth list </dev/null 2>/dev/null)'`,
      ...program.commands.flatMap((command) =>
        command.options.map(
          ({ long, description }) =>
            `complete -c auth -n '__fish_seen_subcommand_from ${command.name()}' -l ${long?.slice(2)} -d '${escaped(description)}'`,
        ),
      ),
      'complete -c auth-cli -w auth',
    ].join('\n')}\n`,
};

function namesOf(program: Command): string[] {
  return program.commands.map((command) => command.name());
}

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ long }) => long ?? []);
}

function escaped(text: string): string {
  return text.replaceAll("'", '’').replaceAll(':', '\\:');
}
