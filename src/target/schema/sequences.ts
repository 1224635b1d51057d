import { must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { quoteName, quoteTable } from '../../lib/quote.js';

export interface SequenceNeed {
  readonly table: string;
  /** Per target column a number that was handed out already (AUTOINCREMENT), as a decimal string, null for none. */
  readonly sequenceAtLeast: Readonly<Record<string, string | null>>;
}

/** The position of a sequence now. */
export interface SequencePosition {
  /** Quoted, with its schema. */
  readonly sequence: string;
  readonly table: string;
  readonly column: string;
  /** last_value, decimal string. */
  readonly value: string;
  /** Whether nextval() gives what follows `value`, or `value` itself. */
  readonly isCalled: boolean;
  /** The column has passed the sequence's end: nextval() fails, or begins anew where the sequence cycles. */
  readonly isExhausted: boolean;
}

interface SequenceRow {
  readonly oid: number;
  readonly sequence: string;
  readonly table: string;
  readonly column: string;
  /** Owned by its column, so nothing else takes numbers from it. */
  readonly isOwned: boolean;
  /** Whether our role may read its position. */
  readonly isReadable: boolean;
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
}

interface Bounds {
  readonly start: bigint;
  readonly increment: bigint;
  readonly min: bigint;
  readonly max: bigint;
}

/** One name as SQL writes it. */
const namePattern = '("([^"]|"")+"|[[:alpha:]_][[:alnum:]_$]*)';

/**
 * The sequences that defaults name by a text, `nextval('users_seq'::text)`, of which pg_depend knows nothing. A name
 * without a schema is looked for in that of the table, since the application's search path is not known.
 */
const namedByText = `
SELECT coalesce(CASE WHEN f.name ~ '^${namePattern}$' THEN to_regclass(quote_ident(f.nspname) || '.' || f.name) END,
                CASE WHEN f.name ~ '^${namePattern}([.]${namePattern})?$' THEN to_regclass(f.name) END)::oid AS seqrelid,
       f.adrelid, f.adnum, 'n'::"char"
  FROM (SELECT d.adrelid, d.adnum, n.nspname,
               replace((regexp_matches(pg_get_expr(d.adbin, d.adrelid), $$nextval\\(+'(([^']|'')+)'::(text|character varying)$$, 'g'))[1], '''''', '''') AS name
          FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = ANY ($2::name[])) AS f`;

/** A sequence belongs to a column by ownership (serial: auto, identity: internal) or because its default calls it. */
const query = `
SELECT DISTINCT ON (c.relname, a.attnum, s.seqrelid) s.seqrelid AS oid,
       quote_ident(sn.nspname) || '.' || quote_ident(sc.relname) AS sequence, c.relname AS table, a.attname AS column,
       d.deptype <> 'n' AS "isOwned", has_sequence_privilege(s.seqrelid, 'SELECT') AS "isReadable", s.seqstart::text AS start, s.seqincrement::text AS increment, s.seqmin::text AS min,
       s.seqmax::text AS max
  FROM (SELECT objid AS seqrelid, refobjid AS relid, refobjsubid AS attnum, deptype FROM pg_depend
         WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjsubid > 0 AND deptype IN ('a', 'i')
        UNION ALL
        SELECT p.refobjid, f.adrelid, f.adnum, 'n'::"char" FROM pg_depend p JOIN pg_attrdef f ON f.oid = p.objid
         WHERE p.classid = 'pg_attrdef'::regclass AND p.refclassid = 'pg_class'::regclass
        UNION ALL ${namedByText}) AS d
  JOIN pg_sequence s ON s.seqrelid = d.seqrelid
  JOIN pg_class sc ON sc.oid = s.seqrelid JOIN pg_namespace sn ON sn.oid = sc.relnamespace
  JOIN pg_class c ON c.oid = d.relid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.attnum AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
 WHERE n.nspname = $1 AND c.relname = ANY ($2::name[])
   AND coalesce(b.typname, t.typname) IN ('int2', 'int4', 'int8', 'numeric')
 ORDER BY c.relname, a.attnum, s.seqrelid, d.deptype = 'n'`;

/**
 * Puts every identity, serial and DEFAULT nextval() sequence of the tables behind the column's values, on the
 * sequence's own grid: the next number is the first of start + n × increment beyond both the column's extreme and
 * `sequenceAtLeast`. An empty table begins at the start. A sequence that no column owns never moves back, since others
 * may use it.
 */
export async function setSequences(
  client: TargetClient,
  schema: string,
  needs: readonly SequenceNeed[],
): Promise<SequencePosition[]> {
  const byTable = new Map(needs.map((need) => [need.table, need]));
  const rows = await client.query<SequenceRow & Record<string, unknown>>(query, [schema, [...byTable.keys()]]);
  const positions: SequencePosition[] = [];
  for (const row of rows) {
    const atLeast = must(byTable.get(row.table), 'need').sequenceAtLeast[row.column] ?? null;
    positions.push(await setSequence(client, schema, row, atLeast));
  }
  return positions;
}

/** A sequence whose next number may be taken already. */
export interface SequenceBehind {
  /** Quoted, with its schema. */
  readonly sequence: string;
  readonly table: string;
  readonly column: string;
  /** The number that nextval() will return, a decimal string; null where our role may not read it. */
  readonly next: string | null;
  /** The number from which on all are free. */
  readonly free: string;
}

/** The sequences of the tables that are not behind their column's values and `sequenceAtLeast`; changes nothing. */
export async function findSequencesBehind(
  client: TargetClient,
  schema: string,
  needs: readonly SequenceNeed[],
): Promise<SequenceBehind[]> {
  const byTable = new Map(needs.map((need) => [need.table, need]));
  const rows = await client.query<SequenceRow & Record<string, unknown>>(query, [schema, [...byTable.keys()]]);
  const found: SequenceBehind[] = [];
  for (const row of rows) {
    const atLeast = must(byTable.get(row.table), 'need').sequenceAtLeast[row.column] ?? null;
    const bounds = toBounds(row);
    const used = furthest(bounds, [await readExtreme(client, schema, row), atLeast === null ? null : BigInt(atLeast)]);
    const free = nextOf(bounds, positionAfter(bounds, used));
    const next = row.isReadable ? nextOf(bounds, await readState(client, row)) : null;
    const isBehind = next === null || (bounds.increment > 0n ? next < free : next > free);
    const { sequence, table, column } = row;
    if (isBehind)
      found.push({ sequence, table, column, next: next === null ? null : String(next), free: String(free) });
  }
  return found;
}

/** The last number that the sequences of these tables gave, by table and column; none before the first. */
export async function readGivenNumbers(
  client: TargetClient,
  schema: string,
  tables: readonly string[],
): Promise<{ readonly table: string; readonly column: string; readonly value: string }[]> {
  const rows = await client.query<SequenceRow & Record<string, unknown>>(query, [schema, tables]);
  const found: { table: string; column: string; value: string }[] = [];
  for (const row of rows.filter(({ isReadable }) => isReadable)) {
    const value = await readPosition(client, row);
    if (value !== null) found.push({ table: row.table, column: row.column, value: String(value) });
  }
  return found;
}

function nextOf({ increment }: Bounds, { value, isCalled }: { value: bigint; isCalled: boolean }): bigint {
  return isCalled ? value + increment : value;
}

async function readState(client: TargetClient, row: SequenceRow): Promise<{ value: bigint; isCalled: boolean }> {
  const rows = await client.query<{ value: string; isCalled: boolean }>(
    `SELECT last_value::text AS value, is_called AS "isCalled" FROM ${row.sequence}`,
  );
  const { value, isCalled } = must(rows[0], `row of ${row.sequence}`);
  return { value: BigInt(value), isCalled };
}

async function setSequence(
  client: TargetClient,
  schema: string,
  row: SequenceRow,
  atLeast: string | null,
): Promise<SequencePosition> {
  const bounds = toBounds(row);
  const used = [await readExtreme(client, schema, row), atLeast === null ? null : BigInt(atLeast)];
  if (!row.isOwned) used.push(await readPosition(client, row));
  const { value, isCalled, isExhausted } = positionAfter(bounds, furthest(bounds, used));
  await client.query('SELECT setval($1::regclass, $2::int8, $3)', [row.sequence, value.toString(), isCalled], {
    table: row.table,
    doing: `set sequence ${row.sequence}`,
  });
  return {
    sequence: row.sequence,
    table: row.table,
    column: row.column,
    value: value.toString(),
    isCalled,
    isExhausted,
  };
}

/** The largest value of the column, or the smallest where the sequence falls; a fraction counts as passed. */
async function readExtreme(client: TargetClient, schema: string, row: SequenceRow): Promise<bigint | null> {
  const column = quoteName(row.column);
  const extreme = row.increment.startsWith('-') ? `floor(min(${column})::numeric)` : `ceil(max(${column})::numeric)`;
  const rows = await client.query<{ value: string | null }>(
    `SELECT ${extreme}::text AS value FROM ${quoteTable(schema, row.table)}`,
    [],
    { table: row.table, column: row.column },
  );
  const value = rows[0]?.value ?? null;
  return value === null ? null : BigInt(value);
}

/** The last number that the sequence gave, null before the first. */
async function readPosition(client: TargetClient, row: SequenceRow): Promise<bigint | null> {
  const { value, isCalled } = await readState(client, row);
  return isCalled ? value : null;
}

function furthest({ increment }: Bounds, used: readonly (bigint | null)[]): bigint | null {
  const values = used.filter((value) => value !== null);
  if (values.length === 0) return null;
  return values.reduce((a, b) => (increment > 0n === a > b ? a : b));
}

/** The last point of the grid that is not beyond `used`; nextval() then gives the first that is. */
function positionAfter(
  bounds: Bounds,
  used: bigint | null,
): { value: bigint; isCalled: boolean; isExhausted: boolean } {
  const { start, increment, min, max } = bounds;
  const steps = used === null ? -1n : floorDivide(used - start, increment);
  if (steps < 0n) return { value: start, isCalled: false, isExhausted: false };
  const end = increment > 0n ? max : min;
  const most = floorDivide(end - start, increment);
  const value = start + (steps < most ? steps : most) * increment;
  return { value, isCalled: true, isExhausted: steps >= most };
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function toBounds(row: SequenceRow): Bounds {
  return {
    start: BigInt(row.start),
    increment: BigInt(row.increment),
    min: BigInt(row.min),
    max: BigInt(row.max),
  };
}
