import { Command, CommanderError, Option } from 'commander';
import { closingHelp, commandRows, type CommandRow, describeOption, examplesHelp } from './help.js';
import { headings } from './options/option.js';
import { optionsOf } from './options/table.js';
import { maskSecrets } from '../lib/mask-secrets.js';
import type { CommandName, FlagSettings } from '../model/settings.js';
import { type GivenFlags, positionalSides } from './positional.js';

/** What the operator asked for on the command line. */
export interface Invocation {
  readonly command: CommandName;
  /** The word that follows the name, for commands that want one. */
  readonly word: string | null;
  /** A second one, for commands that know one. */
  readonly detail: string | null;
  /** Source and target, as far as they are named without a flag. */
  readonly sides: readonly string[];
  readonly flags: GivenFlags;
  /** The file given with --config. */
  readonly configPath: string | null;
  /** page: as always; sql: init --print; graph, diff: of plan. */
  readonly form: 'page' | 'sql' | 'graph' | 'diff';
  /** Whether the page shows everything, folding nothing. */
  readonly isWhole: boolean;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** Whether stderr gets one JSON object per line. */
  readonly isJsonProgress: boolean;
}

/** What the program calls once the command line is understood. */
export interface Actions {
  readonly run: (invocation: Invocation) => Promise<void>;
  readonly embedded: (action: string, isJson: boolean) => Promise<void>;
  readonly apps: (isJson: boolean) => Promise<void>;
  readonly configSchema: () => Promise<void>;
  readonly completion: (shell: string) => Promise<void>;
}

/** How a command line ended: its action ran, help was all that was wanted, or it was not understood. */
export type Parsed =
  | { readonly tag: 'ran' }
  | { readonly tag: 'help' }
  | { readonly tag: 'usage'; readonly message: string };

/** The command line as commander knows it. Pure but for help, which commander prints itself. */
export function buildProgram(version: string, actions: Actions): Command {
  const program = new Command('pgferry')
    .description('Moves an application from SQLite to PostgreSQL and proves that nothing changed.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the flags of a command')
    .exitOverride()
    .showHelpAfterError('(pgferry help <command> lists the flags)')
    .addHelpText('after', closingHelp);
  for (const row of commandRows) addCommand(program, row, actions);
  program
    .command('embedded')
    .description('start, stop or look at the PostgreSQL that is used where no target is named')
    .argument('<action>', 'start, stop or status')
    .option('--json', 'print the result as one JSON object')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examplesHelp(['pgferry embedded status', 'pgferry embedded stop']))
    .action((action: string, given: Given) => actions.embedded(action, given['json'] === true));
  program
    .command('apps')
    .description('list the applications for which there is a recipe')
    .option('--json', 'print the result as one JSON object')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examplesHelp(['pgferry apps', 'pgferry plan --app directus']))
    .action((given: Given) => actions.apps(given['json'] === true));
  program
    .command('config-schema')
    .description('print the JSON Schema of the file given with --config')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examplesHelp(['pgferry config-schema > pgferry.schema.json']))
    .action(() => actions.configSchema());
  program
    .command('completion')
    .description('print the completion script of a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examplesHelp(['eval "$(pgferry completion bash)"', 'pgferry completion fish | source']))
    .action((shell: string) => actions.completion(shell));
  return program;
}

/** Runs the program on a command line, its name left out. What the action throws is thrown. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<Parsed> {
  let message = 'no command was given';
  for (const command of [program, ...program.commands]) {
    command.configureOutput({
      outputError: (text, write) => {
        const shown = withoutValues(explained(text, command), argv);
        message = shown.replace(/^error: /, '').trimEnd();
        write(shown);
      },
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return { tag: 'ran' };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? { tag: 'help' } : { tag: 'usage', message };
  }
}

/** What commander says, with the words that may stand for a missing one, or what is missing before a side. */
function explained(text: string, { registeredArguments }: Command): string {
  const missing = /^error: missing required argument '(\w+)'/.exec(text)?.[1];
  const words = registeredArguments.find((argument) => argument.name() === missing)?.description;
  if (words !== undefined) return `${text.trimEnd()} (${words})\n`;
  const first = 'a command comes first: pgferry plan SOURCE TARGET, then pgferry migrate SOURCE TARGET';
  return text.replace(/^(error: unknown command '[^']*[./:][^']*')(?:\n\(Did you mean [^)]*\))?/, `$1\n(${first})`);
}

/** Commander repeats what it does not understand; a url or a value after `=` may hold a password. */
function withoutValues(text: string, argv: readonly string[]): string {
  return argv.reduce((masked, word) => {
    const value = /^(?:--?[\w-]+=)(.+)$/s.exec(word)?.[1];
    return value === undefined ? masked.replaceAll(word, maskSecrets(word)) : masked.replaceAll(value, '…');
  }, text);
}

function addCommand(program: Command, row: CommandRow, actions: Actions): void {
  const command = program.command(row.name).description(row.summary);
  if (row.argument !== undefined) command.argument(`<${row.argument.name}>`, row.argument.help);
  if (row.detail !== undefined) command.argument(`[${row.detail.name}]`, row.detail.help);
  for (const { name, help } of positionalSides(row.name)) command.argument(`[${name}]`, help);
  for (const option of optionsOf(row.name)) {
    const flag = `--${option.flag}${option.value === null ? '' : ` <${option.value}>`}`;
    command.addOption(new Option(flag, describeOption(option)).helpGroup(headings[option.heading]));
  }
  const config = new Option('--config <file>', 'JSON file of settings and rules; flags and environment beat it');
  command.addOption(config.helpGroup(headings.sides));
  for (const { of, flag, help } of forms)
    if (row.name === of) command.addOption(new Option(`--${flag}`, help).helpGroup(headings.output));
  command.addHelpOption(new Option('-h, --help', 'print this help').helpGroup(headings.output));
  command.addHelpText('after', examplesHelp(row.examples));
  command.action(() => actions.run(readInvocation(row, command.opts<Given>(), command.args)));
}

/** Other forms of a command's result. They exist only as flags, since they make no sense as a lasting setting. */
const forms = [
  { of: 'init', flag: 'print', form: 'sql', help: 'print the translated schema as SQL instead; no target is touched' },
  { of: 'plan', flag: 'diff', form: 'diff', help: 'print both schemas side by side instead' },
  { of: 'plan', flag: 'graph', form: 'graph', help: 'print the foreign-key graph as Mermaid instead' },
] as const;

/** Options as commander hands them over, by camel-cased flag. */
type Given = Readonly<Record<string, string | boolean>>;

function readInvocation(
  { name: command, argument, detail }: CommandRow,
  given: Given,
  words: readonly string[],
): Invocation {
  const flags: Partial<Record<keyof FlagSettings, string | boolean>> = {};
  // Two commands may give one flag to different settings.
  for (const { flag, setting } of optionsOf(command)) {
    const value = given[camelCase(flag)];
    if (value !== undefined) flags[setting] = value;
  }
  const config = given['config'];
  return {
    command,
    word: argument === undefined ? null : (words[0] ?? null),
    detail: detail === undefined ? null : (words[1] ?? null),
    sides: words.slice([argument, detail].filter((named) => named !== undefined).length),
    flags,
    configPath: typeof config === 'string' ? config : null,
    form: forms.find(({ flag }) => given[flag] === true)?.form ?? 'page',
    isWhole: given['all'] === true,
    isJson: given['json'] === true,
    isQuiet: given['quiet'] === true,
    isJsonProgress: given['progress'] === 'json',
  };
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
