import { quoteLiteral, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';

/*
 * The SQL of the reverse journal. Each table, and each partition, has a table of notes, a function that writes them, and one
 * statement trigger for each kind of statement, which always fires. A note is what one statement changed: for each column of the
 * key an array of texts, where a first one of NULL says that the table must be compared as a whole; or, where many whole numbers
 * lie close together, a range in which they all are.
 */

/** A table or partition, and where its key stands. */
export interface NotedRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** Of the key: the positions among the columns that are there, from 1. None: it is only noted that something was written. */
  readonly positions: readonly number[];
  /** attnum of every column up to the last of the key. */
  readonly columns: readonly number[];
  /** Whether the key's text depends on the settings of a session. */
  readonly needsSettings: boolean;
  /** Of a key of one whole number its type: `int2`, `int4` or `int8`. */
  readonly wholeNumber: string | null;
}

/** Who says where the ledger is, among whose tables the notes are. */
export type Ledger = Pick<TargetClient, 'ledger'>;

export const notesOf = (client: Ledger, oid: number) => client.ledger(`noted_${oid}`);
export const noterOf = (client: Ledger, oid: number) => client.ledger(`note_${oid}`);

export const noteTriggers = {
  INSERT: 'pgferry_note_insert',
  UPDATE: 'pgferry_note_update',
  DELETE: 'pgferry_note_delete',
  TRUNCATE: 'pgferry_note_truncate',
} as const;

/** Keeps the notes from being changed. */
export const keepTrigger = 'pgferry_keep_notes';

const transitionTables = {
  INSERT: 'REFERENCING NEW TABLE AS new_rows',
  UPDATE: 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
  DELETE: 'REFERENCING OLD TABLE AS old_rows',
  TRUNCATE: '',
} as const;

/** The settings on which a type's text depends; our own sessions have them too. */
const printingSettings = [
  `datestyle = 'ISO, YMD'`,
  `timezone = 'UTC'`,
  `intervalstyle = 'postgres'`,
  'extra_float_digits = 1',
  `bytea_output = 'hex'`,
];

/** A statement that changed more rows makes a note for each. Keys are short, since indexes hold them. */
const keysPerNote = 4096;

/** A statement that changed fewer rows is not worth to look for a range. */
const rangeRowsMin = 8;
/** A range of more numbers for each row would name too many rows that did not change. */
const numbersPerRow = 2;

/** SQL: the noted keys of a relation, one row for each, as k0, k1 …; a key that lies in a range may not have been changed. */
export function noteRowsSql(client: Ledger, oid: number, columns: number): string {
  const names = Array.from({ length: Math.max(1, columns) }, (_, i) => `k${i}`).join(', ');
  const notes = `${notesOf(client, oid)} AS note`;
  const listed = `SELECT key.* FROM ${notes}, unnest(${names.replaceAll('k', 'note.k')}) AS key (${names})`;
  if (columns > 1) return listed;
  return `${listed} UNION ALL SELECT n::text FROM ${notes}, generate_series(note.first, note.last) AS n`;
}

/** SQL: how many keys the notes of a relation name, and whether one is NULL, as columns of one row. */
export function noteCountSql(client: Ledger, oid: number): string {
  return `SELECT coalesce(sum(coalesce(cardinality(k0), 0) + coalesce(last - first + 1, 0)), 0) AS keys,
    coalesce(bool_or(array_position(k0, NULL) IS NOT NULL), false) AS "hasUnknown" FROM ${notesOf(client, oid)}`;
}

/** Makes the journal of one relation. */
export function makeNotesSql(client: Ledger, relation: NotedRelation): string {
  const { oid, schema, name, positions } = relation;
  const table = quoteTable(schema, name);
  const columns = Math.max(1, positions.length);
  const names = Array.from({ length: columns }, (_, i) => `k${i}`);
  const definitions = names.map((column) => `${column} text[]`).join(', ');
  const plain = names.map((column) => `ALTER COLUMN ${column} SET STORAGE EXTERNAL`).join(', ');
  const refusal = `the notes of ${name} for a rollback must stay whole; pgferry settle-cutover removes them`;
  const triggers = (Object.keys(noteTriggers) as (keyof typeof noteTriggers)[]).flatMap((event) => [
    `CREATE OR REPLACE TRIGGER ${noteTriggers[event]} AFTER ${event} ON ${table} ${transitionTables[event]}
       FOR EACH STATEMENT EXECUTE FUNCTION ${noterOf(client, oid)}()`,
    `ALTER TABLE ONLY ${table} ENABLE ALWAYS TRIGGER ${noteTriggers[event]}`,
  ]);
  return [
    `CREATE TABLE ${notesOf(client, oid)} (${definitions}, first bigint, last bigint)`,
    `ALTER TABLE ${notesOf(client, oid)} ${plain}`,
    `CREATE TRIGGER ${keepTrigger} BEFORE UPDATE OR DELETE OR TRUNCATE ON ${notesOf(client, oid)}
       FOR EACH STATEMENT EXECUTE FUNCTION ${client.ledger('refuse_others')}(${quoteLiteral(refusal)})`,
    `ALTER TABLE ${notesOf(client, oid)} ENABLE ALWAYS TRIGGER ${keepTrigger}`,
    noterSql(client, relation),
    `REVOKE ALL ON FUNCTION ${noterOf(client, oid)}() FROM PUBLIC`,
    ...triggers,
  ].join(';\n');
}

/**
 * The function runs with our rights, since the application's role has none on our schema. It must never fail, or the
 * application's write would: columns are named by their position, so that one may be renamed, and where one of them was dropped
 * only the write itself is noted.
 */
function noterSql(client: Ledger, { oid, positions, columns, needsSettings, wholeNumber }: NotedRelation): string {
  const notes = notesOf(client, oid);
  const aliases = columns.map((_, i) => `c${i + 1}`).join(', ');
  const keys = positions.map((position, i) => `n.c${position}::text AS k${i}`).join(', ');
  const keysFrom = (rows: string) => `SELECT ${keys} FROM ${rows} AS n (${aliases})`;
  const each = (make: (name: string) => string) => positions.map((_, i) => make(`k${i}`)).join(', ');
  const names = positions.map((_, i) => `k${i}`).join(', ');
  // One note for a statement costs a part of one for each row; an array has a greatest size, and no write may fail by it.
  const areVeryMany = (rows: string) => `EXISTS (SELECT FROM ${rows} OFFSET ${keysPerNote})`;
  const list = (condition: string, from: string) => `IF ${condition} THEN
    INSERT INTO ${notes} (${names}) SELECT ${each((name) => `ARRAY[${name}]`)} FROM (${from}) AS changed;
  ELSE
    INSERT INTO ${notes} (${names}) SELECT ${each((name) => `array_agg(${name})`)} FROM (${from}) AS changed HAVING count(*) > 0;
  END IF;`;
  const note = (rows: string, from: string, numbers: string) => {
    if (positions.length === 0) return `INSERT INTO ${notes} (k0) SELECT ARRAY[NULL::text] FROM ${rows} LIMIT 1;`;
    if (wholeNumber === null) return list(areVeryMany(rows), from);
    // Of few rows there is no type; of many it is asked for, since the column may have got another one.
    return `
  SELECT pg_typeof(n.c${positions[0]})::oid INTO type FROM ${rows} AS n (${aliases}) OFFSET ${rangeRowsMin} LIMIT 1;
  IF type = ${quoteLiteral(wholeNumber)}::regtype THEN
    SELECT min(n), max(n), count(*) = count(n) AND max(n)::numeric - min(n) < count(*) * ${numbersPerRow}
      INTO first, last, isRange FROM (${numbers}) AS changed;
  END IF;
  IF isRange THEN INSERT INTO ${notes} (first, last) VALUES (first, last);
  ELSE ${list(`type IS NOT NULL AND ${areVeryMany(rows)}`, from)}
  END IF;`;
  };
  const numbersFrom = (rows: string) => `SELECT n.c${positions[0]} AS n FROM ${rows} AS n (${aliases})`;
  const both = `${keysFrom('old_rows')} UNION ${keysFrom('new_rows')}`;
  const gone = columns.map((attnum) => `pg_catalog.has_column_privilege(TG_RELID, ${attnum}::int2, 'SELECT') IS NULL`);
  const isWhole = [`TG_OP = 'TRUNCATE'`, ...gone].join(' OR ');
  const body = `#variable_conflict use_variable
DECLARE type oid; isRange bool; first bigint; last bigint;
BEGIN
  IF ${isWhole} THEN INSERT INTO ${notes} (k0) VALUES (ARRAY[NULL::text]);
  ELSIF TG_OP = 'INSERT' THEN ${note('new_rows', keysFrom('new_rows'), numbersFrom('new_rows'))}
  ELSIF TG_OP = 'DELETE' THEN ${note('old_rows', keysFrom('old_rows'), numbersFrom('old_rows'))}
  ELSE ${note('new_rows', both, `${numbersFrom('old_rows')} UNION ALL ${numbersFrom('new_rows')}`)}
  END IF;
  RETURN NULL;
END`;
  const settings = ['search_path = pg_catalog, pg_temp', ...(needsSettings ? printingSettings : [])];
  return `CREATE FUNCTION ${noterOf(client, oid)}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    ${settings.map((setting) => `SET ${setting}`).join(' ')} AS ${quoteLiteral(body)}`;
}
