import { maskSecrets } from '../lib/mask-secrets.js';
import { CopierError } from '../model/error.js';
import { commandRows } from './help.js';
import { optionsOf } from './options/table.js';
import type { OptionRow } from './options/option.js';

/** What a script for one shell is made from: every command with its words, and every flag with what may follow it. */
interface Completed {
  readonly name: string;
  readonly summary: string;
  /** Words that must follow the name; none where files may. */
  readonly words: readonly string[];
  readonly flags: readonly CompletedFlag[];
}

interface CompletedFlag {
  readonly flag: string;
  readonly help: string;
  readonly takesValue: boolean;
  /** The only values; none where any text, or a file, may follow. */
  readonly choices: readonly string[];
}

const shells: Readonly<Record<string, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The completion script of a shell. Throws `usage.bad_value` for a shell that is none of bash, zsh and fish. */
export function completionScript(shell: string): string {
  const make = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (make !== undefined) return make();
  throw new CopierError('usage.bad_value', `there is no completion for ${JSON.stringify(maskSecrets(shell))}`, {
    hint: `use one of: ${Object.keys(shells).join(', ')}`,
  });
}

function completed(): readonly Completed[] {
  const commands = commandRows.map(({ name, summary, argument }) => ({
    name,
    summary,
    words: argument?.words ?? [],
    flags: [
      ...optionsOf(name).map(flagOf),
      { flag: 'config', help: 'JSON file of settings and rules', takesValue: true, choices: [] },
    ],
  }));
  const plain = (name: string, summary: string, words: readonly string[]) => ({ name, summary, words, flags: [] });
  return [
    ...commands,
    plain('embedded', 'start, stop or look at the embedded PostgreSQL', ['start', 'stop', 'status']),
    plain('apps', 'list the applications for which there is a recipe', []),
    plain('config-schema', 'print the JSON Schema of the config file', []),
    plain('completion', 'print the completion script of a shell', Object.keys(shells)),
    plain(
      'help',
      'print the flags of a command',
      commandRows.map(({ name }) => name),
    ),
  ];
}

function flagOf({ flag, value, help, syntax }: OptionRow): CompletedFlag {
  return { flag, help, takesValue: value !== null, choices: syntax.choices ?? [] };
}

function bashScript(): string {
  const cases = completed().map(
    ({ name, words, flags }) =>
      `    ${name}) words='${words.join(' ')}' flags='${flags.map(({ flag }) => `--${flag}`).join(' ')}' ;;`,
  );
  const choices = new Map(completed().flatMap(({ flags }) => flags.map((one) => [one.flag, one.choices] as const)));
  const values = [...choices]
    .filter(([, words]) => words.length > 0)
    .map(([flag, words]) => `    --${flag}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word")); return ;;`);
  return `# Completion of pgferry for bash: eval "$(pgferry completion bash)"
_pgferry() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words='' flags=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${completed()
      .map(({ name }) => name)
      .join(' ')}' -- "$word"))
    return
  fi
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) if [ -n "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$words" -- "$word")); fi ;;
  esac
}
complete -o default -F _pgferry pgferry
`;
}

function zshScript(): string {
  const list = completed().map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = completed().map(({ name, words, flags }) => {
    const specs = flags.map(({ flag, help, takesValue, choices }) => {
      const value = choices.length > 0 ? `:${flag}:(${choices.join(' ')})` : takesValue ? `:${flag}:_files` : '';
      return quote(`--${flag}[${help.replace(/[[\]:]/g, ' ')}]${value}`);
    });
    const rest = words.length > 0 ? quote(`1:word:(${words.join(' ')})`) : quote('*:file:_files');
    return `    ${name}) _arguments ${[...specs, rest].join(' ')} ;;`;
  });
  return `#compdef pgferry
# Completion of pgferry for zsh: eval "$(pgferry completion zsh)"
_pgferry() {
  local -a commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _pgferry pgferry
`;
}

function fishScript(): string {
  const lines = completed().flatMap(({ name, summary, words, flags }) => [
    `complete -c pgferry -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ...(words.length === 0
      ? []
      : [`complete -c pgferry -n '__fish_seen_subcommand_from ${name}' -f -a ${quote(words.join(' '))}`]),
    ...flags.map(({ flag, help, takesValue, choices }) => {
      const value = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : takesValue ? ' -r' : '';
      return `complete -c pgferry -n '__fish_seen_subcommand_from ${name}' -l ${flag} -d ${quote(help)}${value}`;
    }),
  ]);
  return `# Completion of pgferry for fish: pgferry completion fish | source\n${lines.join('\n')}\n`;
}

/** In single quotes, as zsh and fish both read them. */
function quote(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
