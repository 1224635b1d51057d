import type { CodeText } from './code-text.js';

/** Reasons against a plan, and what should be known before it is carried out: exit code 20 where the plan refuses. */
export const planCodes = {
  'plan.bad_type': {
    means: 'A type in `tableRules` is none that PostgreSQL could make the column with.',
    todo: 'Write one type as in CREATE TABLE, for instance `numeric(12,2)`.',
  },
  'plan.blob_in_other': {
    means: 'Blobs would go into a column of another type.',
    todo: 'Correct them in the source, make the column `bytea`, or name a policy.',
  },
  'plan.broken_foreign_key': {
    means:
      'A foreign key of the source refers to a table or key that is not there. SQLite never enforced it. A warning.',
    todo: 'Nothing: the rows are copied, and no such constraint is made.',
  },
  'plan.changed': {
    means:
      'There is an unfinished run that was planned otherwise: settings, config file or target schema are not those of its first attempt.',
    todo: 'Run again with the settings of the first attempt, or give that run up with `--fresh`.',
  },
  'plan.char_padding': {
    means:
      'Texts are shorter than the `char(n)` that they go into: PostgreSQL pads them, and every client reads the blanks. A warning.',
    todo: 'Make the column `varchar`, unless the application expects the blanks.',
  },
  'plan.check_untranslated': {
    means: 'A CHECK has no sure equivalent in PostgreSQL.',
    todo: 'Give it up by the name in the hint (`--waive check:…`) and add one by hand after the copy.',
  },
  'plan.collation': {
    means: 'Uniqueness without regard to case is kept by an index over an expression. A note.',
    todo: 'Let queries compare by the same expression, for instance `lower(…)`.',
  },
  'plan.column_missing': {
    means:
      'The target table has no column for one of the source; the message counts the values that stay behind. A warning where it holds none.',
    todo: 'Add the column, name its counterpart in `tableRules`, or leave it out with `--waive column:TABLE.COLUMN`.',
  },
  'plan.column_unfilled': {
    means: 'A column of the target is NOT NULL without a default, and the source has nothing for it.',
    todo: 'Give it a default, or drop its NOT NULL.',
  },
  'plan.cycle_in_force': {
    means: 'Foreign keys run in a circle and stay in force during the copy, so that no order satisfies them.',
    todo: 'Copy without `--keep-constraints`, as the owner of the tables.',
  },
  'plan.declared_type': {
    means:
      'A column of the translated schema does not become what it declares (boolean, date, time, timestamp, json, uuid or a number), since some of its values cannot be read as that. A warning; an error where no one type carries them.',
    todo: 'Correct the values that it names, or decide about them in the config file with the line that it gives; otherwise nothing: the values arrive as they are.',
  },
  'plan.decimal': {
    means:
      'A `DECIMAL(p,s)` becomes `numeric` without limits, since SQLite enforced none and there are fractions. A note.',
    todo: 'Narrow the column after the copy if every value fits.',
  },
  'plan.default_untranslated': {
    means: 'A default has no equivalent in PostgreSQL.',
    todo: 'Give it up by the name in the hint (`--waive default:…`) and set one by hand, or let the application give the value.',
  },
  'plan.empty_text': {
    means: 'Empty texts would go into a column that cannot hold them.',
    todo: 'Make them NULL or a value in the source, make the column text, or name a policy.',
  },
  'plan.encoding': {
    means: 'The target database is not in UTF-8.',
    todo: "Make a new one: `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`.",
  },
  'plan.few_locks': {
    means:
      'The tables, indexes and partitions of the schema take more than half of the locks that the server has room for; an error where they take more than there are.',
    todo: 'Raise `max_locks_per_transaction` as far as the hint says, and restart the server.',
  },
  'plan.foreign_key_untranslated': {
    means: 'A foreign key is left out, or cannot be made, since its parent table or key is not made.',
    todo: 'Bring the parent along, or give the key up by the name in the hint.',
  },
  'plan.foreign_rows': {
    means:
      'A run cannot be given up, or gone on with, or a table not replaced: it holds rows that no run of ours loaded, or that came after the plan. Nothing was deleted.',
    todo: 'Look at these rows. Where they are not wanted: `--truncate-target`.',
  },
  'plan.format': {
    means: 'A table travels in text format, since one of its types has no binary form here. A warning.',
    todo: 'Nothing: the values are the same.',
  },
  'plan.application': {
    means:
      'The tables are those of an application for which there is a recipe, or not those of the one that `--app` names.',
    todo: 'See `pgferry apps`; `--app NAME` uses its recipe.',
  },
  'plan.application_version': {
    means:
      'The rows by which the application that `--app` names keeps account of its version or migrations differ between the sides, or it has made none in the target. A warning.',
    todo: 'Bring both sides to one version, so that its tables mean the same, and plan again.',
  },
  'plan.framework': {
    means:
      'A framework made the source, as its bookkeeping shows, and the target has no tables: a translated schema would not fit its models. A warning where the embedded PostgreSQL is the target, which is for trying out.',
    todo: 'Let the framework make its tables with the command in the hint, then run with `--truncate-target`. To translate all the same: `--from-source`.',
  },
  'plan.tenant_action': {
    means:
      'A foreign key sets its columns when the parent goes or changes, and in tables of tenants one of these would be that of the tenant.',
    todo: 'Use `--into schema-per-file`, or PostgreSQL 15 or newer, which can leave the tenant out of ON DELETE.',
  },
  'plan.tenant_column': {
    means: 'A table of the source has a column of the name that the column of the tenant is to have.',
    todo: 'Choose another name with `--tenant-column` when the fleet is entered.',
  },
  'plan.tenant_table': {
    means: 'A table is there already that should be partitioned by the tenant, and is not.',
    todo: 'Rename or partition it, or name another schema in the address when the fleet is entered.',
  },
  'plan.free_sequence': {
    means:
      'A sequence of the target belongs to no column, so that nothing says from which number on it should go. A warning.',
    todo: 'If the application takes keys from it, set it after the run as the hint says.',
  },
  'plan.generated': {
    means: 'A generated column is computed by the target, or has no counterpart there. A note.',
    todo: 'Where the source has a plain column: see that the expression of the target gives the same; it is not compared.',
  },
  'plan.generated_untranslated': {
    means: 'The expression of a generated column has no sure equivalent.',
    todo: 'Give it up by the name in the hint: it becomes a plain column with the computed values. A trigger can go on computing them.',
  },
  'plan.index_untranslated': {
    means:
      'An index has no sure equivalent. It blocks where it is unique; any other only makes reads faster, and is a warning.',
    todo: 'Give it up by the name in the hint (`--waive index:…`) and make one by hand.',
  },
  'plan.inferred_type': {
    means:
      'Columns of the translated schema get a type that their declaration does not name but their values and constraints show: boolean, uuid, jsonb or date. A note for each such rule.',
    todo: 'Nothing; to keep what is declared, name it as `type` in `tableRules`, as the hint does.',
  },
  'plan.integer_in_other': {
    means: 'Integers would go into a column of another type.',
    todo: 'Correct them in the source, choose another type, or name a policy.',
  },
  'plan.key_too_wide': {
    means: 'A key has more columns than PostgreSQL allows.',
    todo: 'Narrow it in SQLite, or leave the table out with `--exclude`.',
  },
  'plan.longer_than_declared': {
    means: 'A `VARCHAR(n)` becomes `text`, since it holds longer values. A note.',
    todo: 'Nothing: SQLite enforced no length.',
  },
  'plan.matched': {
    means: 'A table or column goes to a counterpart of another name. A note.',
    todo: 'Nothing if it is the right one; else name the right one in `tableRules`.',
  },
  'plan.mixed_types': {
    means:
      'A column holds values of several storage classes. With blobs among them no type carries all; else it becomes text.',
    todo: 'Bring the column to one storage class in SQLite.',
  },
  'plan.name': {
    means: 'A name cannot be used on the target: it is empty, taken, or one of PostgreSQL’s own columns.',
    todo: 'Give another one with `target` in `tableRules`, or rename it in SQLite.',
  },
  'plan.name_shortened': {
    means: 'A name is cut to the 63 bytes that PostgreSQL’s names hold. A note.',
    todo: 'Nothing: the copy finds it.',
  },
  'plan.no_rights': {
    means: 'The role lacks a right.',
    todo: 'Run the GRANT that the hint has, as the owner or a superuser.',
  },
  'plan.not_a_label': {
    means: 'A text is no label of the enum of its column.',
    todo: 'Add the label to the type, correct the text, or name a policy.',
  },
  'plan.not_boolean': {
    means: 'Numbers other than 0 and 1 would go into a boolean.',
    todo: 'Correct them, make the column an integer, or name a policy.',
  },
  'plan.not_owner': {
    means: 'The role does not own the tables, so that indexes and constraints stay in force during the copy. A note.',
    todo: 'Copy as the owner for a faster load.',
  },
  'plan.not_uuid': {
    means: 'A blob has not the 16 bytes of a uuid.',
    todo: 'Correct it, make the column `bytea`, or name a policy.',
  },
  'plan.null_in_key': {
    means:
      'NULLs stand in a PRIMARY KEY of SQLite. The translated schema has a UNIQUE constraint in its place, which takes them as SQLite does. A warning.',
    todo: 'Nothing; for a primary key give these rows keys in SQLite first.',
  },
  'plan.null_in_not_null': {
    means: 'NULLs would go into a primary key or a NOT NULL column.',
    todo: 'Fill them in the source, drop NOT NULL on the target, or name a policy.',
  },
  'plan.no_tables': {
    means: 'No table of the source would be copied: it has none, or `--tables` and `--exclude` leave out all of them.',
    todo: 'Name the database of the application, or choose at least one table.',
  },
  'plan.no_base': {
    means: 'The snapshot that the target shows is gone or was changed, or there is no finished run to go on from.',
    todo: 'Bring the run folder back to where it was; or migrate anew with `--truncate-target`.',
  },
  'plan.one_line': {
    means: 'Several findings of one kind can be settled by one line of the config file, which it gives. A warning.',
    todo: 'Take one of the lines, or decide about each column by itself.',
  },
  'plan.orphans': {
    means:
      'Rows refer to rows that are not there. A note where the target has no such foreign key; a warning in a schema that pgferry translated, where the rows stay and their foreign key is NOT VALID.',
    todo: 'Correct or delete them in the source, or name a policy for `orphan`.',
  },
  'plan.other_source': {
    means: 'The unfinished run of this schema is of another SQLite file.',
    todo: 'Finish it with its own source, give it up with `--fresh`, or use another schema.',
  },
  'plan.other_version': {
    means: 'The unfinished run was begun by another version of pgferry.',
    todo: 'Go on with that version, or give the run up with `--fresh`.',
  },
  'plan.out_of_range': {
    means: 'Numbers do not fit into the type of their column.',
    todo: 'Make the column wider, correct the numbers, or name a policy.',
  },
  'plan.quarantine_columns': {
    means: 'A table has other columns than when the run copied it, so that its quarantined rows cannot be compared.',
    todo: 'Migrate again with `--fresh --truncate-target`.',
  },
  'plan.read_only': {
    means: 'The server takes no writes: a standby, or `default_transaction_read_only`.',
    todo: 'Point the target at the primary, or turn the setting off.',
  },
  'plan.real_in_float4': {
    means:
      'Floating-point numbers of 8 bytes would go into `real`, which has 4. A warning: one that is not exact there stops the copy.',
    todo: 'Make the column `double precision`.',
  },
  'plan.real_in_integer': {
    means: 'Numbers with fractions would go into a column of whole numbers.',
    todo: 'Correct them, make the column `double precision` or `numeric`, or name a policy.',
  },
  'plan.real_in_other': {
    means: 'Numbers with fractions would go into a column of another type.',
    todo: 'Correct them, choose another type, or name a policy.',
  },
  'plan.refused': {
    means: 'The plan refuses; nothing was written. The reasons are the findings before it.',
    todo: 'Each reason says what to do about it.',
  },
  'plan.reset_not_agreed': {
    means: 'Nobody agreed to what `--reset-schema` would drop. Nothing was dropped.',
    todo: 'Look at the list; then answer `y` on a terminal, or give `--yes` where there is none.',
  },
  'plan.reset_others': {
    means:
      '`--reset-schema` would drop tables or other things that neither the source nor the .sql files know, or that depend on them in another schema. Nothing was dropped.',
    todo: 'Save them, or use another schema; to drop them too, name them as the hint does with `--reset-also`.',
  },
  'plan.row_security': {
    means: 'Row security is on for a table: policies could hide rows from the copy and the proof. A warning.',
    todo: 'Copy as the owner, or as a role with BYPASSRLS.',
  },
  'plan.rule': {
    means:
      'A rule of the config file does not fit its column: a unit for what is no time, a zone that does not exist, and the like.',
    todo: 'Take it out of the config file, or correct it.',
  },
  'plan.schema_changed': {
    means: 'The schema of the source changed since the snapshot that the target shows. Rows alone can be followed.',
    todo: 'Migrate anew with `--truncate-target`, or take the change of the schema back.',
  },
  'plan.schema_missing': {
    means: 'The schema is not there.',
    todo: 'Run `pgferry init`, or `pgferry migrate`, which makes it.',
  },
  'plan.schema_reset': {
    means: 'What was dropped with the target schema, which was made again. A note, kept in the record of the run.',
    todo: 'Nothing. `postgres-precutover.sql` in the run folder has it as it was, where pg_dump could be run.',
  },
  'plan.search': {
    means: 'A full-text table that `search` names, or an R-Tree, is made again, or cannot be.',
    todo: 'Where it refuses: correct `search` in the config file, or leave it out.',
  },
  'plan.search_column': {
    means:
      'A column for full-text search is filled by a trigger of the application, and triggers do not fire during the copy. Those by `tsvector_update_trigger` alone fire. A warning.',
    todo: 'After the run, run the UPDATE that the hint has.',
  },
  'plan.stays_open': {
    means:
      'Others can write to a table while it is loaded: it is foreign, of another owner, or the target of a subscription. A note; it is read once more at the end.',
    todo: 'Keep other writers off it until the run ends: what they write makes the run fail.',
  },
  'plan.table_kind': {
    means: 'The target is a partitioned or a foreign table. A note.',
    todo: 'See that each row finds its place.',
  },
  'plan.stand_in': {
    means:
      'Values are read as what a framework keeps in them: a time of day after a day that stands for none (`2000-01-01 12:30:00`, Rails), an interval as a moment after 1970 (SQLAlchemy) or in microseconds (Django). A note.',
    todo: 'Nothing, if they are that.',
  },
  'plan.table_missing': {
    means: 'The target has no table for one of the source, or more than one that could be meant.',
    todo: 'Name it in `tableRules`, make it (`pgferry init`), or leave the table out with `--exclude`.',
  },
  'plan.table_unreadable': {
    means: 'A CREATE TABLE is not understood, so that its checks and generated columns are not carried over.',
    todo: 'Give them up by the name in the hint, and add them by hand.',
  },
  'plan.tampered': {
    means: 'The plan in the ledger is not the one with which the run began.',
    todo: 'Find out who writes to the schema `pgferry`, then give the run up with `--fresh`.',
  },
  'plan.equal_rows': {
    means:
      'A target table holds rows that pgferry did not load, and the source has each of them with the same values. A note.',
    todo: 'Nothing: they are loaded anew.',
  },
  'plan.empty_target': {
    means:
      'The schema had no tables and they were translated, though tables seem to have been meant to be there: another schema of the database has those of the source, or `--truncate-target` was named. A warning.',
    todo: 'Name the schema of the application in the URL (`?schema=`), or let the application make its tables first.',
  },
  'plan.bigint_as_text': {
    means:
      'A translated schema has whole numbers as bigint, which node-postgres, the driver of the framework that made the database, gives as texts. A note.',
    todo: 'Nothing where the application takes them so; else the line of the hint makes them integer.',
  },
  'plan.seeded': {
    means:
      'What becomes of a table that the application fills by itself on the target, as `seeded` of the config says. A note.',
    todo: 'Nothing.',
  },
  'plan.seeded_match': {
    means:
      'Rows of a table cannot be matched with those that the application has made on the target: by these columns a row is not told on both sides, has no match, or its keys cannot be mapped.',
    todo: 'As the hint says: match by other columns, make the missing rows on the target, or replace the table.',
  },
  'plan.seeded_merge': {
    means:
      'Rows of a target table cannot stay beside those of the source: their keys are also in the source with other values, or the table has no key by which this is told; or the command does not know of such rows.',
    todo: 'Make the rows equal or give them other keys, or let them give way with `"seeded": "replace"`; follow, repair and cutover need tables without such rows.',
  },
  'plan.target_has_rows': {
    means: 'Target tables hold rows that pgferry did not load, or that were changed since.',
    todo: 'To replace them: `--truncate-target`, or `--reset-schema` for the whole schema. To keep them: another schema with `?schema=` in the URL.',
  },
  'plan.text_in_number': {
    means: 'Texts would go into a column of numbers. A warning: one that is no number stops the copy.',
    todo: 'Correct them, make the column text, or name a policy.',
  },
  'plan.text_in_other': {
    means: 'Texts would go into a column of another type.',
    todo: 'Correct them, make the column text, or name a policy.',
  },
  'plan.time_unit': {
    means: 'Numbers in a column of times have no unit that is sure.',
    todo: 'Name it with `unit` in the config file, or bring the column to one unit.',
  },
  'plan.too_long': {
    means: 'Texts are longer than their column allows.',
    todo: 'Make the column longer or `text`, shorten them, or name a policy.',
  },
  'plan.too_many_columns': {
    means: 'A table has more columns than the 1600 that PostgreSQL allows.',
    todo: 'Split it in SQLite, or leave it out with `--exclude`.',
  },
  'plan.triggers': {
    means: 'Triggers of the target would fire during the copy, since the role may not disable them. A warning.',
    todo: 'Disable them for the copy if they change rows or tables.',
  },
  'plan.triggers_untranslated': {
    means: 'Triggers are not carried over; the plan lists their SQL. A warning.',
    todo: 'Write them anew for PostgreSQL.',
  },
  'plan.unknown_column': {
    means: 'The config file has rules for a column that the source does not have.',
    todo: 'Write its name as it is in the source.',
  },
  'plan.unknown_table': {
    means: '`--tables`, `--exclude` or the config file name a table that the source does not have.',
    todo: 'Write its name as it is in the source.',
  },
  'plan.unlogged': {
    means: 'A target table is UNLOGGED: a crash of the server would empty it.',
    todo: 'Run `ALTER TABLE … SET LOGGED`.',
  },
  'plan.index_row_too_large': {
    means:
      'The values of a row are too long for an index of the target: 2704 bytes for the key of a B-tree on pages of 8 kB, after compression. It would only be refused when the index is built, after the copy.',
    todo: 'Shorten the values. Of an index that is not unique: do without it (`--waive index:…`, or drop it on the target), and make one over `md5(…)` or of type `hash` by hand. Or let such rows stay behind with `--keep-constraints` and the policy `rejected`.',
  },
  'plan.json_keys': {
    means: 'JSON in which an object has a key twice goes into `jsonb`, which keeps the last of them alone. A warning.',
    todo: 'Make the target column `json` where all are to stay.',
  },
  'plan.printed_otherwise': {
    means:
      'PostgreSQL reads values of a composite type, a range, a geometric type or an `hstore` otherwise than their texts say: it may have dropped or rounded a part. Up to five thousand different values of a column are looked at. A warning.',
    todo: 'Compare both forms in the message. Where something is lost, correct the value in the source, or give its part a wider type.',
  },
  'plan.value_too_large': {
    means: 'A value is larger than what one field of PostgreSQL, or one text of the row reader, can hold.',
    todo: 'Keep such values outside of the database.',
  },
  'plan.view_untranslated': {
    means: 'A view has no sure equivalent and is not made. A warning.',
    todo: 'Make it by hand if the application reads it.',
  },
  'plan.virtual_rows': {
    means:
      'A full-text, R-Tree or other virtual table holds rows that stand nowhere else. Blocks until it is carried as a plain table, or given up by name.',
    todo: 'Take the line of `virtualTables` in the hint into the config file, or give its rows up with `--waive virtual:NAME`. For a module that pgferry cannot read, have the application copy them into a plain table first.',
  },
  'plan.local_clock': {
    means:
      'Moments go into a timestamp without time zone, as the time of UTC. node-postgres, and with it Knex, TypeORM and Kysely, reads such a column as the local time of its process: unless that runs in UTC, every value would be read as another moment. A warning; a note where the schema is translated.',
    todo: 'Run the application in UTC, or make the column timestamptz. Else name the zone of its process (`"targetZone": "Europe/Berlin"`, or `--target-zone` for all columns), so that the time of its clocks is stored; `"UTC"` says that UTC is meant.',
  },
  'plan.rows_elsewhere': {
    means:
      'Rows of a target table that the source does not fill refer to rows that the source does not have: once the tables are loaded, their foreign key could not be made again.',
    todo: 'Delete or correct these rows of the target, or bring the rows that they refer to into the source.',
  },
  'plan.uuid_bytes': {
    means:
      'Blobs of 16 bytes go into a uuid in the order in which uuids are written. .NET writes the first three groups the other way round, and the bytes do not say which it was. A warning.',
    todo: 'Look at one of them beside the application, and say `"uuidBytes": "rfc"` or `"dotnet"` (.NET\'s `Guid.ToByteArray()`) in the config file.',
  },
  'plan.zone': {
    means:
      'Texts without a time zone go into a type with one, and are read as UTC: where the application wrote the time of its own clocks, every one of them would be moved. A warning.',
    todo: 'Name the zone of the column in the config file (`"zone": "Europe/Berlin"`), or `"UTC"` where they are UTC.',
  },
} as const satisfies Readonly<Record<`plan.${string}`, CodeText>>;
