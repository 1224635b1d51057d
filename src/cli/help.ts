import { controlActions } from '../lib/control-orders.js';
import { type OwnCommand, ownLine } from '../lib/own-command.js';
import { fleetActions } from '../model/fleet/fleet.js';
import type { CommandName } from '../model/settings.js';
import type { OptionRow } from './options/option.js';

/** A command as help shows it. */
export interface CommandRow {
  readonly name: CommandName;
  readonly summary: string;
  /** A word that must follow the name, one of `words`. */
  readonly argument?: { readonly name: string; readonly help: string; readonly words: readonly string[] };
  /** A second word that may follow. */
  readonly detail?: { readonly name: string; readonly help: string };
  readonly examples: readonly string[];
}

export const commandRows: readonly CommandRow[] = [
  {
    name: 'doctor',
    summary: 'look at everything that a run needs, here and on both sides, and say what is missing; nothing is written',
    examples: ['pgferry doctor app.db postgresql://app@db/app', 'pgferry doctor --json | jq .checks'],
  },
  {
    name: 'init-config',
    summary: 'write a commented config file for this pair of databases, with every decision that the plan leaves open',
    examples: ['pgferry init-config app.db postgresql://app@db/app', 'pgferry init-config --write-config shop.json'],
  },
  {
    name: 'census',
    summary: 'show what every column of the source really holds, value by value; no target is needed',
    examples: ['pgferry census app.db', 'pgferry census --tables User --json | jq .census'],
  },
  {
    name: 'init',
    summary: 'make the target schema from .sql files, or translate the SQLite schema where there are none',
    examples: ['pgferry init', 'pgferry init app.db postgresql://app@db/app --from-source'],
  },
  {
    name: 'plan',
    summary: 'show what would happen, and why; nothing is written to either side',
    examples: ['pgferry plan', 'pgferry plan --json | jq .plan.layers', 'pgferry plan --graph > plan.mmd'],
  },
  {
    name: 'copy',
    summary: 'copy all rows into an existing schema, FK-safe and deterministic, proven on the way',
    examples: ['pgferry copy --workers 4', 'pgferry copy --tables User,Host --keep-constraints'],
  },
  {
    name: 'verify',
    summary: 'compare both sides: counts, keys, NULL against empty, and every value',
    examples: ['pgferry verify', 'pgferry verify --json --differences-max 100'],
  },
  {
    name: 'shadow',
    summary: 'run the same representative reads on both sides and compare what they give',
    examples: ['pgferry shadow', 'pgferry shadow --shadow-limit 200 --json | jq .reads'],
  },
  {
    name: 'accept',
    summary: 'verify and shadow, with counts, keyset hashes, a report and a script that audits them',
    examples: ['pgferry accept', 'pgferry accept --acceptance-run-dir acceptance --json'],
  },
  {
    name: 'migrate',
    summary: 'backup of both sides, init, copy and proof, in one pass',
    examples: [
      'pgferry migrate app.db postgresql://app@db/app',
      'SQLITE_DB_PATH=app.db PG_URL=postgresql://app@db/app pgferry migrate --json',
    ],
  },
  {
    name: 'quarantine',
    argument: {
      name: 'action',
      help: 'list: what stayed behind or was converted, and why; retry: bring in what fits now',
      words: ['list', 'retry'],
    },
    summary: 'look at rows that could not arrive, or bring them in after a fix',
    examples: ['pgferry quarantine list', 'pgferry quarantine retry --config rules.json'],
  },
  {
    name: 'follow',
    summary: 'bring what changed in the source since the load, or the last round: one transaction per round, proven',
    examples: ['pgferry follow', 'pgferry follow --every 10s --until-quiet', 'pgferry follow --dry-run --json'],
  },
  {
    name: 'repair',
    summary: 'carry over again, by key, the rows of the target that are not what the load and the rounds left there',
    examples: ['pgferry repair', 'pgferry repair --tables User,Host --json'],
  },
  {
    name: 'cutover',
    summary: 'switch the application to PostgreSQL: fence writers, migrate, accept, switch; undone where a step fails',
    examples: ['pgferry cutover --dry-run', 'pgferry cutover --confirm I_UNDERSTAND_PRODUCTION_CUTOVER'],
  },
  {
    name: 'rollback',
    summary: 'take the application back to SQLite, to the snapshot of the cutover',
    examples: ['source rollback.env && pgferry rollback', 'pgferry rollback --dry-run'],
  },
  {
    name: 'release',
    summary: 'let the SQLite database that a cutover closed take writes again',
    examples: ['pgferry release app.db'],
  },
  {
    name: 'settle-cutover',
    summary: 'call a cutover final: its reverse journal is removed, and the files that only a rollback needs are named',
    examples: ['pgferry settle-cutover'],
  },
  {
    name: 'status',
    summary: 'show where the last run and the last cutover stand, from the ledger in the target',
    examples: ['pgferry status', 'pgferry status --watch', 'pgferry status --json'],
  },
  {
    name: 'control',
    argument: {
      name: 'action',
      help: Object.entries(controlActions)
        .map(([name, what]) => `${name}: ${what}`)
        .join('; '),
      words: Object.keys(controlActions),
    },
    detail: { name: 'n', help: 'how many chunks at a time, for workers' },
    summary:
      'say something to a run that works on this machine: pause, resume, throttle, workers, stop, when to switch',
    examples: ['pgferry control pause', 'pgferry control throttle --max-mbps 20', 'pgferry control workers 2'],
  },
  {
    name: 'fleet',
    argument: {
      name: 'action',
      help: 'plan: one census over all files; enqueue: enter them; work: load what is here; status, retry, verify, report',
      words: fleetActions,
    },
    summary: 'move many SQLite files into one PostgreSQL, each a schema, by any number of machines',
    examples: [
      "pgferry fleet plan --sources 'tenants/*.db'",
      "pgferry fleet enqueue postgresql://app@db/app --sources 'tenants/*.db'",
      'pgferry fleet work postgresql://app@db/app --concurrency 2',
    ],
  },
];

const bothSides = ['app.db', 'postgresql://USER@HOST/DATABASE'];
const firstSteps: readonly {
  readonly command: CommandName;
  readonly args: readonly string[];
  readonly says: string;
}[] = [
  { command: 'doctor', args: bothSides, says: 'whether all is there that a run needs' },
  { command: 'plan', args: bothSides, says: 'what would happen, and why; nothing is written' },
  { command: 'migrate', args: bothSides, says: 'schema, copy and proof in one pass' },
  { command: 'migrate', args: ['app.db'], says: 'the same into a PostgreSQL of its own, to try it out' },
];

/** What is printed where no command is given, with the first commands as this user can paste them. */
export function beginning(own: OwnCommand): string {
  const steps = firstSteps.map(({ command, args, says }) => `  ${ownLine(own, command, args)}\n      ${says}\n`);
  return `pgferry moves an application from SQLite to PostgreSQL
and proves that nothing changed. To begin:

${steps.join('')}
All commands: ${ownLine(own, '--help')}; the flags of one: ${ownLine(own, 'help', ['COMMAND'])}
`;
}

/** The end of the program's own help. */
export const closingHelp = `
To begin: pgferry plan app.db postgresql://USER@HOST/DATABASE, then pgferry
migrate with the same words. Without a URL a PostgreSQL of its own is used.

Where the help of a command shows a variable in brackets, the environment can
set the flag too, and so can a JSON file given with --config. Flags beat the
environment, and the environment beats the file. What has no flag stands in
the file alone: pgferry config-schema prints all its keys. Each variable also
works with PGFERRY_ before its name, and that form wins.

Exit codes:
  0          done; for verify, shadow, accept, follow and repair: identical
  1          the two sides differ
  2          usage
  20         the plan refuses, or doctor finds a problem; nothing was written
  21 22 23   source, target, data
  24         cutover or rollback refused, or undone: all is where it was
  25         cutover or rollback stuck: the message says what to do
  26         a worker thread was lost
  70         a bug
  130 143    interrupted; run the same command again to go on`;

/** The examples at the end of a command's help. */
export function examplesHelp(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`;
}

/** The text of help beside a flag: meaning, default, environment variables. */
export function describeOption(option: OptionRow): string {
  const standard = defaultOf(option);
  return [
    option.help,
    ...(standard === null ? [] : [`(default: ${standard})`]),
    ...(option.env.length === 0 ? [] : [`[${option.env.join(', ')}]`]),
  ].join(' ');
}

/** A default as help names it; null where there is none worth naming: flags that are off, limits that are not set. */
export function defaultOf({ standard, standardText }: OptionRow): string | null {
  if (standardText !== undefined) return standardText;
  return typeof standard === 'string' || typeof standard === 'number' ? String(standard) : null;
}
