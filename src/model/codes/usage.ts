import type { CodeText } from './code-text.js';

/** What is wrong with the way in which pgferry was called: exit code 2. */
export const usageCodes = {
  'usage.action': {
    means: 'The word after `quarantine`, `fleet` or `embedded` is none that the command knows.',
    todo: 'Use one of those that the message names; `pgferry help` with the name of the command says what each does.',
  },
  'usage.address_space': {
    means: 'The process may not reserve the addresses that WebAssembly needs, tens of gigabytes per thread.',
    todo: 'Lift the limit (`ulimit -v unlimited`); bound the memory with `--memory-limit` instead.',
  },
  'usage.bad_value': {
    means: 'A flag, variable or config key has a value of the wrong kind or out of its range.',
    todo: 'Give it what the message asks for; `pgferry help <command>` names the kinds.',
  },
  'usage.combination': {
    means: 'Two settings were given that exclude each other.',
    todo: 'Leave one of the two out, as the message says.',
  },
  'usage.command_line': {
    means: 'A command or flag on the command line is not known, or something is missing.',
    todo: 'See `pgferry --help` and `pgferry help <command>`.',
  },
  'usage.config_json': {
    means: 'The config file is not JSON, or not one object.',
    todo: 'Mend the file at the line that is named: double quotes, a comma between settings, none after the last. Comments are allowed.',
  },
  'usage.config_key': {
    means: 'The config file, or the options of the library, have a key that pgferry does not know.',
    todo: 'Correct the name; `pgferry config-schema` prints all of them.',
  },
  'usage.config_unreadable': {
    means: 'The file named with `--config` cannot be read.',
    todo: 'Check the path, and that you may read the file.',
  },
  'usage.config_value': {
    means: 'A value in the config file has the wrong kind, or a key stands there twice.',
    todo: 'Correct what is named with line and column; all mistakes are told at once.',
  },
  'usage.dump_file': {
    means: 'The file for the dump of the target cannot be made in the run folder.',
    todo: 'Name a folder that can be written and has no such file yet.',
  },
  'usage.empty_value': {
    means: 'A flag or a config key was given with nothing in it.',
    todo: 'Give it a value, or leave it out.',
  },
  'usage.file_limit': {
    means: 'The process may not open enough files.',
    todo: 'Raise the limit (`ulimit -n 1024`), or lower `--workers` and `--connections`.',
  },
  'usage.fleet_empty': {
    means: 'The pattern or the manifest of a fleet names no file.',
    todo: 'Put the pattern in quotes, and look from which folder it starts.',
  },
  'usage.fleet_form': {
    means: 'The fleet was entered in another form, for instance as a schema per file.',
    todo: 'Enter more files in the form that it has, or make another fleet of them with `--fleet`.',
  },
  'usage.fleet_line': {
    means: 'A line of a manifest is none, its path cannot stand in one, or the name of its schema cannot be one.',
    todo: 'Write one file per line: its path, or its path, one tab and the name of its schema.',
  },
  'usage.fleet_manifest': {
    means: 'The manifest of a fleet cannot be read or written.',
    todo: 'Check the path and its permissions; a manifest is only written into a new file.',
  },
  'usage.fleet_twice': {
    means: 'A fleet names a file, or a schema, twice. The first line counts, the other is refused.',
    todo: 'Name each file once, and give each another schema in the manifest.',
  },
  'usage.fleet_unknown': {
    means: 'The target has no fleet of this name.',
    todo: "Enter the files first: `pgferry fleet enqueue --sources 'tenants/*.db'`.",
  },
  'usage.memory_limit': {
    means: '`--memory-limit` has no room for even one worker thread.',
    todo: 'Raise it to what the hint names, or make `--block-bytes` smaller.',
  },
  'usage.node_version': {
    means: 'This version of Node lacks what pgferry, or better-sqlite3, needs.',
    todo: 'Install Node 20.11 or later in 20, or 22.14 or newer.',
  },
  'usage.run_folder_used': {
    means: 'The folder that was named for the run, the acceptance or the cutover already holds files.',
    todo: 'Name a new one, or leave the choice to pgferry.',
  },
  'usage.sentinel': {
    means: 'The text of `--null-sentinel` cannot stand for NULL.',
    todo: 'Choose a word that no value equals, such as `__PGFERRY_NULL__`.',
  },
  'usage.shadow_read': {
    means:
      'A shadow read of the config file asks for a sample of a column that is not there, or that has no usable value.',
    todo: 'Name a table and column of the source that are compared, or write the value itself.',
  },
  'usage.metrics': {
    means: 'The file or the port for metrics cannot be had.',
    todo: 'Name a file in a folder that you may write to, or a port that is free.',
  },
  'usage.no_run': {
    means: 'No run listens in the folder, so none can be spoken to.',
    todo: 'Name the folder of a run that works now with `--run-dir`; `pgferry status` says what the last one came to.',
  },
  'usage.refused_order': {
    means: 'The run cannot do what was ordered.',
    todo: 'The message says why; `pgferry help control` lists what can be ordered.',
  },
  'usage.secret': {
    means: 'A path, a name or another value holds a password or a token, and would be printed and recorded with it.',
    todo: 'Give passwords in the URL of the target, in `PGPASSWORD` or in a password file alone.',
  },
  'usage.source_path': {
    means: 'The source is empty, no path or `file:` URL of this machine, or begins or ends with a space.',
    todo: 'Give a plain path; a file with such a name can be reached through a symbolic link.',
  },
  'usage.source_url': {
    means: 'The source is a database or an address on the network, or a URL that pgferry does not know.',
    todo: 'Bring the SQLite file to this machine and give its path; the hint says how.',
  },
  'usage.sql_file': {
    means: 'A file of `--sql-dir` cannot be read, or is not UTF-8.',
    todo: 'Make it a readable text in UTF-8.',
  },
  'usage.sql_folder': {
    means: 'The folder of `--sql-dir` cannot be read, or holds neither a .sql file nor a folder with a migration.sql.',
    todo: 'Correct `--sql-dir` (`POSTGRES_SQL_DIR`).',
  },
  'usage.swapped_sides': {
    means: 'The source is a PostgreSQL database, or the target a SQLite file.',
    todo: 'Name the SQLite file first and the PostgreSQL URL second: `pgferry migrate app.db postgresql://app@db/app`.',
  },
  'usage.target_url': {
    means:
      'The target is not a PostgreSQL URL that can be understood. Nothing of it is repeated, since any part may be the password.',
    todo: 'Write `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=SCHEMA`, with `%40` for `@` and so on in the password.',
  },
  'usage.write_config': {
    means: 'The file that `--write-config` names is there already, or cannot be written.',
    todo: 'Name a new file in a folder that may be written.',
  },
} as const satisfies Readonly<Record<`usage.${string}`, CodeText>>;
