import type { CodeText } from './code-text.js';

/** A cutover or rollback that was refused or undone: exit code 24. */
export const cutoverCodes = {
  'cutover.already_switched': {
    means: 'An earlier cutover has switched the application to PostgreSQL.',
    todo: 'See `pgferry status`; `pgferry rollback` takes it back.',
  },
  'cutover.closed': {
    means: 'The SQLite database was closed by a cutover that this target does not know, or has ended.',
    todo: 'Name the target of that cutover, or let the database take writes again with `pgferry release`.',
  },
  'cutover.differs': {
    means: 'The two sides differ. The application was not switched.',
    todo: 'See the run folder; `pgferry verify` names the rows.',
  },
  'cutover.embedded_target': {
    means: 'No target is named, and the embedded PostgreSQL is no production database.',
    todo: 'Name it with `--target` or `POSTGRES_DATABASE_URL`.',
  },
  'cutover.env_edited': {
    means: 'Somebody edited the env file meanwhile. It was left as it is.',
    todo: 'Let whoever edits it finish, then run again.',
  },
  'cutover.env_link': {
    means: 'The env file is a link, or has a second name. Replacing it would part the two.',
    todo: 'Name the file itself with `--env-file`, or switch it by hand with `--switch-env 0`.',
  },
  'cutover.env_missing': {
    means: 'There is no env file of that name.',
    todo: 'Name it with `--env-file`, or leave it alone with `--switch-env 0`.',
  },
  'cutover.env_owner': {
    means: 'The env file belongs to another user.',
    todo: 'Run the cutover as the user who owns it.',
  },
  'cutover.env_readonly': {
    means: 'The env file is read-only.',
    todo: 'Make it writable, or switch it by hand with `--switch-env 0`.',
  },
  'cutover.env_key_missing': {
    means: 'The env file does not set VPS_DB_PROVIDER, so that switching it would not switch the application.',
    todo: 'Name the right file with `--env-file`, set VPS_DB_PROVIDER=sqlite in it, or let the key be added with `--add-env-key`.',
  },
  'cutover.env_switched': {
    means: 'The env file says `VPS_DB_PROVIDER=postgres` already.',
    todo: 'Name the env file of the application that is to be switched, or put `sqlite` there if it runs on SQLite.',
  },
  'cutover.env_unreadable': {
    means: 'The env file cannot be read, or is no file.',
    todo: 'Check its path and its permissions.',
  },
  'cutover.file': {
    means: 'A file of the cutover could not be written.',
    todo: 'Check the disk and the permissions of its folder.',
  },
  'cutover.generate': {
    means: '`prisma generate` fails.',
    todo: 'Mend it until it works by hand, or leave the client alone with `--generate-provider 0`.',
  },
  'cutover.no_prisma': {
    means: 'No Prisma is installed beside the schema or above it.',
    todo: 'Run `npm install` in the application, or use `--generate-provider 0`.',
  },
  'cutover.no_prisma_schema': {
    means: 'The Prisma schema is not there.',
    todo: 'Name it with `--postgres-prisma-schema` and `--sqlite-prisma-schema`, or use `--generate-provider 0`.',
  },
  'cutover.not_closed': {
    means: 'The database takes writes already: there is nothing to release.',
    todo: 'See `pgferry status`.',
  },
  'cutover.not_switched': {
    means:
      'There is no cutover that could be called final: none has switched the application, or its last proof is missing.',
    todo: 'See `pgferry status`.',
  },
  'cutover.not_confirmed': {
    means: 'The phrase that confirms a cutover was not given.',
    todo: 'Rehearse with `--dry-run`; then set `CUTOVER_CONFIRM=I_UNDERSTAND_PRODUCTION_CUTOVER`.',
  },
  'cutover.other_source': {
    means: 'The unfinished cutover of this target is of another SQLite file.',
    todo: 'Go on with its own source, or use another schema.',
  },
  'cutover.platform': {
    means: 'The operating system lacks what a switch needs: files that are replaced by a rename.',
    todo: 'Load with `migrate` and `follow`, and switch the application by hand; or run the cutover on Linux or macOS.',
  },
  'cutover.refused': {
    means:
      'Something stopped the cutover before its first step; its own code stands in the message. Nothing was changed.',
    todo: 'Look that code up here, mend the reason, and run again.',
  },
  'cutover.reopened': {
    means:
      'Between the closing of the SQLite file and the switch of the application somebody let it take writes again. The application stays on SQLite.',
    todo: 'See who ran `pgferry release`, then cut over anew.',
  },
  'cutover.rolling_back': {
    means: 'A rollback is not finished.',
    todo: 'Run `pgferry rollback` again: it goes on.',
  },
  'cutover.health': {
    means: 'The application does not answer as a health check wants, in the time that it has.',
    todo: 'See the log of the application.',
  },
  'cutover.hook': {
    means:
      'A hook, or a command of a switch, failed or took too long. Its output is in the folder `hooks` of the cutover.',
    todo: 'See its output; mend it until it works by hand, then run again.',
  },
  'cutover.group_live': {
    means: 'Several files were to be cut over together with `--live`, which is made for one file.',
    todo: 'Run without `--live`; or cut a large file over by itself.',
  },
  'cutover.group_other': {
    means: 'A file of the group has an unfinished cutover that was not begun with this group.',
    todo: 'Go on with it as it was begun, or go back with `pgferry release`.',
  },
  'cutover.group_twice': {
    means: '`group` of the config names a file or a schema twice.',
    todo: 'Give each file once, and a schema of its own.',
  },
  'cutover.hook_secret': {
    means: 'A hook asks for the password of the target, and none is known.',
    todo: 'Give it in the URL of the target, in `PGPASSWORD` or in a password file, or take `secrets` out of the hook.',
  },
  'cutover.partly_switched': {
    means: 'Some switches of the application are done and others are not.',
    todo: 'Run `pgferry cutover` again to do the rest, or `pgferry rollback` to go back.',
  },
  'cutover.switch_done': {
    means: 'A switch would change nothing: the application is switched already, or the wrong file or link is named.',
    todo: 'Put back what it is on SQLite, or leave it out of `switch`.',
  },
  'cutover.switch_key': {
    means: 'A key that is to be switched is not in the file, or cannot be set there without changing anything else.',
    todo: 'Name the right file and key; write the key into the file as it is on SQLite, or say `"add": true` for an env file.',
  },
  'cutover.switch_link': {
    means: 'What is to be switched as a symbolic link is none.',
    todo: 'Name the link in `switch`.',
  },
  'cutover.switch_mode': {
    means: 'A password would go into a file that every user of the machine may read.',
    todo: 'Close the file with `chmod o-rwx`.',
  },
  'cutover.switch_password': {
    means: 'A switch is to write the password of the target, and none is known.',
    todo: 'Give it in the URL, in `PGPASSWORD` or in a password file.',
  },
  'cutover.switch_placeholder': {
    means: 'A value of a switch has a placeholder that does not exist.',
    todo: 'Use one of those that the message lists.',
  },
  'cutover.switch_twice': {
    means: 'Two switches name the same file or link.',
    todo: 'Name it once, with all its keys.',
  },
  'cutover.switch_undo': {
    means: 'A command in `switch` says nothing of how it is taken back.',
    todo: 'Give it `undo`, or make it a hook.',
  },
  'cutover.went_back': {
    means:
      'A hook or a health check after the switch failed, and the cutover was rolled back: the application is on SQLite, with what PostgreSQL took.',
    todo: 'Mend the reason that the message names, then cut over anew.',
  },
  'cutover.source_changed': {
    means:
      'A cutover that goes on after a crash found writes in the SQLite file that came after it was closed, past its triggers or after these were dropped. Nothing was switched.',
    todo: '`pgferry release` lets SQLite take writes again, then cut over anew: it brings these rows.',
  },
  'cutover.target_changed': {
    means:
      'PostgreSQL was changed after it was accepted and before the application was switched. Nothing was switched.',
    todo: 'See who writes there; `pgferry release` lets SQLite take writes again, then cut over anew.',
  },
  'cutover.tenant_tables': {
    means: 'The tables of the target schema are partitions of tables with a column of the tenant.',
    todo: 'Follow and verify the file, and switch the tenant by hand; or cut over into a schema of its own.',
  },
  'cutover.too_long': {
    means:
      'A live cutover would make writers wait longer than `--downtime-max` says, or has made them wait that long. The application was not switched.',
    todo: 'Run again when the application writes less, or with a larger `--downtime-max`.',
  },
  'cutover.undone': {
    means:
      'A step failed, and everything was taken back: the application is on SQLite and writes. The code of the reason stands in the message.',
    todo: 'Mend the reason and run the same command again.',
  },
  'cutover.unfinished': {
    means: 'A cutover has closed the SQLite database and is not finished, so there is nothing to rehearse.',
    todo: 'Run `pgferry cutover` without `--dry-run` to go on, or `pgferry release` to go back.',
  },
} as const satisfies Readonly<Record<`cutover.${string}`, CodeText>>;

/** A rollback that was refused or undone: exit code 24. */
export const rollbackCodes = {
  'rollback.no_name': {
    means: 'All names for the replaced database are taken by earlier rollbacks.',
    todo: 'Move these files away, then run again.',
  },
  'rollback.no_snapshot': {
    means: 'The snapshot to restore is not there.',
    todo: 'Bring the run folder back from a backup, or name the file with `--backup`.',
  },
  'rollback.no_target': {
    means: 'No target is named, so that nobody can tell what PostgreSQL took since the switch.',
    todo: 'Source `rollback.env`, or name the target; where it is lost for good: `--without-target`.',
  },
  'rollback.not_named': {
    means: 'Without the target nothing says which snapshot to restore.',
    todo: 'Source the `rollback.env` of the cutover first.',
  },
  'rollback.nothing': {
    means: 'There is no cutover that could be taken back.',
    todo: 'See `pgferry status`.',
  },
  'rollback.other_run': {
    means: 'What is set belongs to another cutover than the youngest of this target.',
    todo: 'Source its `rollback.env` in a fresh shell, then run again.',
  },
  'rollback.refused': {
    means:
      'Something stopped the rollback before its first step; its own code stands in the message. Nothing was changed.',
    todo: 'Look that code up here, mend the reason, and run again.',
  },
  'rollback.snapshot_changed': {
    means: 'The snapshot has not the SHA-256 that was recorded. Nothing was changed.',
    todo: 'Do not use it: bring it back from a backup of the run folder.',
  },
  'rollback.source_writes': {
    means: 'SQLite took writes after it was released or restored, which its snapshot has not. Nothing was changed.',
    todo: 'Run again with `--source-writes keep` to leave the file as it is, or `--source-writes discard` to put the snapshot back: the file is kept beside it.',
  },
  'rollback.target_writes': {
    means: 'PostgreSQL took writes since the switch, which SQLite would not have.',
    todo: 'Run again with `--target-writes carry`, which brings them into SQLite, or with `--target-writes discard`, which saves them to a file.',
  },
  'rollback.uncarried': {
    means:
      'PostgreSQL took writes that SQLite cannot hold: a table or column that SQLite does not have, or a value that the column has no form for. Each is named with table, column, key and reason. Nothing was changed.',
    todo: 'Change these rows in PostgreSQL; or leave these tables or columns behind by name with `--leave-behind`, or all of it with `--target-writes discard`: what PostgreSQL took is then saved to a file.',
  },
  'rollback.unproven': {
    means:
      'What was brought back into a copy of the SQLite database differs from PostgreSQL. The application stays there.',
    todo: 'Keep the folder of the rollback and report it; `--target-writes discard` goes back without these writes.',
  },
  'rollback.undone': {
    means:
      'A step of the rollback failed and was taken back: the application is on PostgreSQL. The code of the reason stands in the message.',
    todo: 'Mend the reason and run `pgferry rollback` again.',
  },
} as const satisfies Readonly<Record<`rollback.${string}`, CodeText>>;

/** A cutover or rollback that could neither finish nor undo what it did: exit code 25. */
export const stuckCodes = {
  'stuck.hook': {
    means: 'The rollback is done, and its hook `after-rollback` failed.',
    todo: 'See its output in the folder `hooks` of the cutover, and do by hand what it was to do.',
  },
  'stuck.differs': {
    means: 'The application is on PostgreSQL, and the last proof of the live cutover found that the two sides differ.',
    todo: 'See the acceptance in the cutover’s folder; `pgferry rollback` goes back.',
  },
  'stuck.not_opened': {
    means: 'The application is on PostgreSQL, and it is not known whether its tables take writes already.',
    todo: 'Run `pgferry cutover` again: it opens them, and makes the last proof.',
  },
  'stuck.not_proven': {
    means: 'The application is on PostgreSQL, and the last proof of the live cutover could not be made.',
    todo: 'Run `pgferry cutover` again: it makes the proof.',
  },
  'stuck.not_recorded': {
    means: 'The application is switched (or switched back), but the ledger could not be told.',
    todo: 'Run the same command again when the target can be reached: it only concludes.',
  },
  'stuck.rollback': {
    means: 'A rollback failed and could not be undone whole.',
    todo: 'Run `pgferry rollback` again to go on; to stay on PostgreSQL do what the hint lists.',
  },
  'stuck.switch': {
    means: 'The SQLite database is closed, and the application could not be switched.',
    todo: 'Mend what the hint names, then `pgferry cutover` again; or `pgferry release` to go back to SQLite.',
  },
  'stuck.unhealthy': {
    means: 'The application is on PostgreSQL, and a hook or a health check after the switch failed.',
    todo: 'Mend it and run `pgferry cutover` again, which checks once more; or `pgferry rollback`.',
  },
  'stuck.undo': {
    means: 'A cutover failed and could not be undone whole.',
    todo: 'Do by hand what the hint lists.',
  },
} as const satisfies Readonly<Record<`stuck.${string}`, CodeText>>;
