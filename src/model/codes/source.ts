import type { CodeText } from './code-text.js';

/** What is wrong with the SQLite side, or with the files of a run: exit code 21. */
export const sourceCodes = {
  'source.busy': {
    means: 'Another process holds a lock on the SQLite file and does not let go of it in time.',
    todo: 'Find it with `lsof` or `fuser`, let its transaction end, then run again.',
  },
  'source.command': {
    means: 'The command of `--source-command` failed.',
    todo: 'Run it by itself, and see that it ends well and writes a dump or a SQLite database.',
  },
  'source.compressed': {
    means:
      'The source is compressed in a form that cannot be read here, is damaged, or is an archive of more than one file.',
    todo: 'Do what the hint says: unpack it, fetch it again, or name the database file itself.',
  },
  'source.corrupt': {
    means:
      'The database is damaged; what `quick_check` found is in the message. No row of it is in the target: where rows were copied already, that run is given up and its tables are empty again.',
    todo: 'Restore a good backup, or copy what can still be read, which may lack rows: `sqlite3 FILE ".clone recovered.db"`.',
  },
  'source.disk_filling': {
    means:
      'While the snapshot is taken SQLite cannot empty the `-wal` of the database, and the disk of the source is about to be full. The snapshot was given up so that the application can go on writing.',
    todo: 'Make room on that disk, or run again while the application writes less.',
  },
  'source.dump_incomplete': {
    means: 'A dump in SQL was not written to its end, or says itself that it is not whole.',
    todo: 'Make the dump again, and look at how the command that writes it ends.',
  },
  'source.dump_statement': {
    means: 'A statement of a dump in SQL is none of a dump, or SQLite refuses it; the message has its line.',
    todo: 'Mend or remove the statement, or give the database file itself.',
  },
  'source.empty': {
    means: 'The source has 0 bytes.',
    todo: 'Check the path: many programs leave an empty file where they were started in the wrong folder.',
  },
  'source.encoding': {
    means: 'The header of the file names a text encoding that SQLite does not have.',
    todo: 'Run `PRAGMA integrity_check` on the file.',
  },
  'source.fence_broken': {
    means:
      'During a cutover somebody wrote to the SQLite file in spite of its lock, or replaced it. The application was not switched.',
    todo: 'Stop whatever writes around SQLite, then run again.',
  },
  'source.fetch': {
    means: 'The command of `--fetch-command` failed, or did not bring the file.',
    todo: 'Run it by itself with the source as `$1` and the schema as `$2`; it must put the file where the source says.',
  },
  'source.hard_link': {
    means: 'The file has a second name. Its newest rows may stand in a `-wal` beside the other one.',
    todo: 'Find all names with `find / -samefile FILE` and keep the one that the application opens, or use a copy made with `sqlite3 FILE ".backup COPY"`.',
  },
  'source.hot_journal': {
    means: 'A writer crashed and left a rollback journal. Recovering it would change the file, so pgferry does not.',
    todo: "Start and stop the application once, or run `sqlite3 FILE 'SELECT count(*) FROM sqlite_schema'`, then run again.",
  },
  'source.io': {
    means: 'The file could not be read or written.',
    todo: 'Check the disk (kernel log, `df`) and the limit for the size of a file (`ulimit -f`).',
  },
  'source.is_a_folder': {
    means: 'The path is a folder.',
    todo: 'Name the SQLite file itself.',
  },
  'source.local_file': {
    means: 'The system refused a file of the run: no space, no rights, or it is gone. SQLite’s file is not concerned.',
    todo: 'Do what the hint says for this reason, then run the same command again.',
  },
  'source.missing': {
    means: 'There is no file of this name.',
    todo: 'Check the path; relative ones start at the current folder.',
  },
  'source.native_module': {
    means:
      'The package better-sqlite3, which reads SQLite files, is missing, lacks its native part, or does not run on this Node.',
    todo: 'Run the command that the hint names. Where it compiles, it needs `apt install g++ make python3`.',
  },
  'source.mysql_dump': {
    means: 'The source is a dump of a MySQL database.',
    todo: 'Use a tool for MySQL: `pgloader` copies from there to PostgreSQL.',
  },
  'source.needs_application': {
    means:
      'A table needs a collation, a function or a module that only the application brings along, so that SQLite alone cannot read its rows: a key of a WITHOUT ROWID table, or a computed column. A plan names it among its other reasons (exit code 20).',
    todo: 'Have the application write the rows into a plain table, or leave the table out with `--exclude`.',
  },
  'source.no_memory': {
    means: 'SQLite needs more memory than there is.',
    todo: 'Free memory, or lower `--workers`.',
  },
  'source.no_space': {
    means: 'There is not enough room for the snapshot, which is as large as the source.',
    todo: 'Make room, or choose a folder on another disk with `--backup-dir`.',
  },
  'source.not_a_database': {
    means: 'The file is not a SQLite database, or it is encrypted.',
    todo: 'Check the path; decrypt it into a plain file first (SQLCipher and the like).',
  },
  'source.not_live': {
    means: 'The command needs the database file that the application writes, and the source is a pipe or a command.',
    todo: 'Name that file with `--source`.',
  },
  'source.overwritten': {
    means: 'The file changed while a reader held its lock. Only a program that goes around SQLite does that.',
    todo: 'Stop it (`cp`, `rsync`, an editor), then run again.',
  },
  'source.postgres_dump': {
    means: 'The file or folder is a dump of a PostgreSQL database.',
    todo: 'Name a SQLite file. A dump of PostgreSQL is restored with `pg_restore` or `psql`.',
  },
  'source.read_refused': {
    means: 'SQLite refuses a shadow read, the read is no single SELECT, or both sides give different columns.',
    todo: 'Correct the read in the config file.',
  },
  'source.reopened': {
    means:
      'Before a rollback put the snapshot into the closed SQLite file, somebody opened it again, wrote to it or replaced it. It was left as it is.',
    todo: 'Run the rollback again: it counts what the file took since, and asks what shall become of it.',
  },
  'source.replaced': {
    means: 'The file was replaced by another one while it was opened or the snapshot was taken, if only for a moment.',
    todo: 'Stop whatever replaces it, then run again.',
  },
  'source.run_file': {
    means: 'A file of the run folder cannot be written.',
    todo: 'Check the disk of the run folder, its free space and its permissions.',
  },
  'source.run_folder': {
    means: 'The folder of the run cannot be made, or belongs to somebody else.',
    todo: 'Give `--backup-dir` or `--run-dir` a folder that you may write to.',
  },
  'source.schema_unread': {
    means:
      'A CREATE TABLE is written in a way that pgferry does not fully understand: it counts other foreign keys than SQLite.',
    todo: 'Report the definition; to go on, build the table anew with a plain CREATE TABLE.',
  },
  'source.snapshot_changed': {
    means: 'The snapshot no longer has the SHA-256 that was recorded.',
    todo: 'Do not use it. Restore it from a backup of the run folder, or begin anew with `--fresh`.',
  },
  'source.snapshot_exists': {
    means: 'A file with the name of the snapshot is there already, and is not overwritten.',
    todo: 'Choose another run folder.',
  },
  'source.snapshot_io': {
    means: 'The snapshot could not be written or read.',
    todo: 'Check the disk of the run folder.',
  },
  'source.snapshot_unwritable': {
    means: 'The snapshot cannot be made in the run folder.',
    todo: 'Check that the folder may be written to and that its disk is not full.',
  },
  'source.sql_dump': {
    means: 'The file is a dump in SQL, and the command needs the database file that the application writes.',
    todo: 'Name that file. `plan`, `migrate`, `copy`, `verify`, `shadow` and `accept` read a dump.',
  },
  'source.sqlite': {
    means: 'SQLite reports something that has no code of its own here.',
    todo: 'Open the database with the `sqlite3` shell and run `PRAGMA integrity_check`.',
  },
  'source.truncated': {
    means: 'The file is shorter than its header says.',
    todo: 'The copy or download was not finished: fetch it again, or restore a backup.',
  },
  'source.unknown_format': {
    means: 'The page reader does not know this form of SQLite file.',
    todo: 'Run again with `--reader rows`, and report the file’s header.',
  },
  'source.unreadable': {
    means: 'The file may not be read, or is no regular file.',
    todo: 'Check the permissions of the file and of its folder for the current user.',
  },
  'source.unsettled': {
    means: 'A `-wal` or `-journal` beside the snapshot is not empty, so that the file alone is not the whole database.',
    todo: 'Leave the files of the run folder alone; begin anew with `--fresh`.',
  },
  'source.verify_read_failed': {
    means: 'The comparison could not read a table of the source.',
    todo: 'Run `PRAGMA integrity_check`, and see that the tables and columns of the plan are still there.',
  },
  'source.wal_folder_readonly': {
    means: 'The database is in WAL mode, and SQLite cannot use its `-shm` file from here.',
    todo: 'Run as a user who may write to the folder, or use a copy made with `sqlite3 FILE ".backup COPY"`.',
  },
  'source.wal_differs': {
    means: 'The copy of the write-ahead log does not hold what the source says it does. Nothing was switched.',
    todo: 'Run again; where it stays so, cut over without `--live`.',
  },
} as const satisfies Readonly<Record<`source.${string}`, CodeText>>;
