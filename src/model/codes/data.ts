import type { CodeText } from './code-text.js';

/** A value or row that cannot be carried exactly, or a constraint that does not hold: exit code 23. */
export const dataCodes = {
  'data.ambiguous_time': {
    means: 'A local time that the clocks of its `zone` show twice.',
    todo: 'Write it with an offset in the source, or name a policy.',
  },
  'data.blob': {
    means: 'A blob in a column of another kind.',
    todo: 'Correct it, make the column `bytea`, or name a policy.',
  },
  'data.blob_in_text': {
    means: 'A blob in a column of text.',
    todo: 'Store it as text in the source, make the column `bytea`, or name a policy.',
  },
  'data.check_violation': {
    means: 'A CHECK or a domain of the target refuses the row.',
    todo: 'Correct the row or the constraint, or let `quarantine` keep it.',
  },
  'data.converted': {
    means: 'Rows were changed by a rule that you named. A finding, not a failure.',
    todo: 'Look at them with `pgferry quarantine list`; it says what they lost; how many rows are kept as they were, `--keep-converted` says.',
  },
  'data.damaged_page': {
    means: 'A page of the snapshot is damaged.',
    todo: 'Run again for a new snapshot; if it comes back, run `PRAGMA integrity_check` on the source.',
  },
  'data.duplicate_key': {
    means: 'PostgreSQL holds rows for equal that must be unique.',
    todo: 'Correct them in the source, give the key up by the name in the hint, or let `quarantine` keep all but the first.',
  },
  'data.enum_label': {
    means: 'A text that is no label of the enum of its column.',
    todo: 'Add the label to the type, correct the text, or name a policy.',
  },
  'data.excluded': {
    means: 'Rows conflict under an EXCLUDE constraint of the target.',
    todo: 'Correct them in the source, or give the constraint up by the name in the hint.',
  },
  'data.inexact': {
    means: 'The type would cut digits of the number.',
    todo: 'Make the column wider (`numeric`, `double precision`), or name a policy.',
  },
  'data.invalid_utf8': {
    means: 'A text has bytes that are not UTF-8.',
    todo: 'Correct it, store it as a blob for a `bytea` column, or name a policy.',
  },
  'data.json_nul': {
    means: 'JSON with `\\u0000`: `jsonb` refuses it, `json` takes it and fails when it is read as text (a warning).',
    todo: 'Correct the text, make the column text, or name a policy.',
  },
  'data.no_such_time': {
    means: 'A local time that the clocks of its `zone` skip.',
    todo: 'Correct it in the source, or name a policy.',
  },
  'data.no_unit': {
    means: 'A number in a column of intervals, and nothing says whether it counts seconds or days.',
    todo: 'Name its `unit` in the config file.',
  },
  'data.not_a_bool': {
    means: 'A value that is neither true nor false.',
    todo: 'Correct it, make the column an integer or text, or name a policy.',
  },
  'data.not_a_date': {
    means: 'A value that is no date, or has a time of day too.',
    todo: 'Correct it, make the column a timestamp or text, or name a policy.',
  },
  'data.not_a_number': {
    means: 'A text that is no number.',
    todo: 'Correct it, make the column text, or name a policy.',
  },
  'data.not_a_time': {
    means: 'A value that is no time of day.',
    todo: 'Correct it, make the column text, or name a policy.',
  },
  'data.not_a_timestamp': {
    means: 'A value that is no date and time.',
    todo: 'Correct it, make the column text, or name a policy.',
  },
  'data.not_a_uuid': {
    means: 'A value that is no uuid.',
    todo: 'Correct it, make the column text, or name a policy.',
  },
  'data.not_an_interval': {
    means: 'A text for an interval column that PostgreSQL would not read as an interval.',
    todo: 'Write it as `1 day 02:03:04` or `P1DT2H` in the source, or name a policy.',
  },
  'data.not_an_array': {
    means: 'A value for an array column that is no array, or JSON that PostgreSQL cannot keep as one.',
    todo: 'Make the column `jsonb`, correct the value, or name a policy.',
  },
  'data.not_an_integer': {
    means: 'A text, or a number with a fraction, for a column of integers.',
    todo: 'Correct it, make the column text or `numeric`, or name a policy.',
  },
  'data.not_json': {
    means: 'A text that is not JSON, for `json` or `jsonb`.',
    todo: 'Correct it, make the column text, or name a policy.',
  },
  'data.nul_byte': {
    means: 'A NUL byte in a text, which no text of PostgreSQL can hold.',
    todo: 'Correct it, make the column `bytea`, or name a policy.',
  },
  'data.null_in_not_null': {
    means: 'NULL for a column that takes none.',
    todo: 'Fill it in the source, drop NOT NULL on the target, or let `quarantine` keep the row.',
  },
  'data.number_in_blob': {
    means: 'A number in a `bytea` column.',
    todo: 'Store it as a blob, make the column `numeric`, or name a policy.',
  },
  'data.numeric_overflow': {
    means: 'More digits before the point than `numeric(p,s)` holds.',
    todo: 'Make the column wider, or name a policy.',
  },
  'data.orphan': {
    means: 'A row refers to one that is not there.',
    todo: 'Add the parent or remove the child in the source (`PRAGMA foreign_key_check` lists all), or name a policy.',
  },
  'data.out_of_range': {
    means: 'A number or date beyond what its type holds.',
    todo: 'Make the column wider, correct the value, or name a policy.',
  },
  'data.precision_loss': {
    means: 'More fractions of a second than the column keeps.',
    todo: 'Give the column a higher precision, up to `timestamp(6)`, or name a policy.',
  },
  'data.quarantined': {
    means: 'Rows stayed behind in the quarantine, as a policy says. A finding, not a failure.',
    todo: 'See `pgferry quarantine list`; after a fix `pgferry quarantine retry` brings them in.',
  },
  'data.rejected': {
    means: 'PostgreSQL refuses a row for a reason of its own, which the message repeats.',
    todo: 'Correct the row, or the column or constraint of the target, or name a policy.',
  },
  'data.round_differs': {
    means: 'After a round of `follow` the target does not hold what the round brought. The round was rolled back.',
    todo: 'See which trigger or rule of the target changes rows, then run again; `pgferry verify` names rows.',
  },
  'data.row_count': {
    means: 'The pages of a table hold another number of rows than SQLite counts.',
    todo: 'Run `PRAGMA integrity_check` on the source. If it is sound, run again with `--reader rows` and report this.',
  },
  'data.row_too_large': {
    means: 'A row is larger than the gigabyte that PostgreSQL takes.',
    todo: 'Keep values of this size outside of the database.',
  },
  'data.sentinel': {
    means: 'A text equal to `--null-sentinel`.',
    todo: 'Begin anew with `--fresh` and another sentinel, or, in binary format, with `--allow-sentinel`.',
  },
  'data.target_changed': {
    means: 'Rows of the target are not what the last round, or the load, left there: somebody else wrote.',
    todo: '`pgferry repair` carries over again what differs; then go on.',
  },
  'data.text_in_blob': {
    means: 'A text in a `bytea` column.',
    todo: 'Store it as a blob, make the column text, or name a policy.',
  },
  'data.too_large': {
    means: 'A value over the gigabyte of PostgreSQL.',
    todo: 'Keep it outside of the database, or name a policy.',
  },
  'data.too_long': {
    means: 'A text longer than its column allows.',
    todo: 'Make the column longer or `text`, or name a policy.',
  },
  'data.unsettled': {
    means: 'Rows may have to leave a table again, and its key has no hash by which they could be told apart.',
    todo: 'Give the table a plain key, or correct these rows in the source.',
  },
} as const satisfies Readonly<Record<`data.${string}`, CodeText>>;
