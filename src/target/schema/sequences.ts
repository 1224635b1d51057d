import { must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import {
  lastGiven,
  readSequences,
  type SequenceProgress,
  type SequenceRow,
  type SequenceState,
} from './sequence-progress.js';

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

/** The tables that are asked about, as an array, so that the catalogs are read by their indexes. */
const oursSql = `ARRAY(SELECT o.oid FROM pg_class o JOIN pg_namespace m ON m.oid = o.relnamespace WHERE m.nspname = $1 AND o.relname = ANY ($2::name[]))`;

/** A sequence belongs to a column by ownership (serial: auto, identity: internal) or because its default calls it. */
const query = `
SELECT DISTINCT ON (c.relname, a.attnum, s.seqrelid) s.seqrelid AS oid,
       quote_ident(sn.nspname) || '.' || quote_ident(sc.relname) AS sequence, c.relname AS table, a.attname AS column,
       d.deptype <> 'n' AS "isOwned", has_sequence_privilege(s.seqrelid, 'SELECT') AS "isReadable", s.seqstart::text AS start, s.seqincrement::text AS increment, s.seqmin::text AS min,
       s.seqmax::text AS max
  FROM (SELECT objid AS seqrelid, refobjid AS relid, refobjsubid AS attnum, deptype FROM pg_depend
         WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = ANY (${oursSql})
           AND refobjsubid > 0 AND deptype IN ('a', 'i')
        UNION ALL
        SELECT p.refobjid, f.adrelid, f.adnum, 'n'::"char" FROM pg_depend p JOIN pg_attrdef f ON f.oid = p.objid
         WHERE p.classid = 'pg_attrdef'::regclass AND p.refclassid = 'pg_class'::regclass AND f.adrelid = ANY (${oursSql})
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
  const columnsOf = new Map<number, number>();
  for (const { oid } of rows) columnsOf.set(oid, (columnsOf.get(oid) ?? 0) + 1);
  const isAlone = (row: SequenceRow) => row.isOwned && columnsOf.get(row.oid) === 1;
  const atLeast = (row: SequenceRow) => must(byTable.get(row.table), 'need').sequenceAtLeast[row.column] ?? null;
  const alone = rows.filter(isAlone);
  const positions = new Map<SequenceRow, SequencePosition>();
  const progress = await readSequences(client, schema, alone, () => false);
  for (const [i, row] of alone.entries()) {
    positions.set(row, positionOf(row, must(progress[i], 'progress of a sequence'), atLeast(row)));
  }
  await setPositions(client, [...positions.values()]);
  // Of one that several columns use, each must see what the column before made of it.
  for (const row of rows.filter((one) => !isAlone(one))) {
    const [seen] = await readSequences(client, schema, [row], ({ isOwned }) => !isOwned);
    const position = positionOf(row, must(seen, 'progress of a sequence'), atLeast(row));
    await setPositions(client, [position]);
    positions.set(row, position);
  }
  return rows.map((row) => must(positions.get(row), 'position'));
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
  /** That number is beyond the end of the sequence. */
  readonly isExhausted: boolean;
}

/** The sequences of the tables that may give a number of their column's or up to `sequenceAtLeast`, or have none left; changes nothing. */
export async function findSequencesBehind(
  client: TargetClient,
  schema: string,
  needs: readonly SequenceNeed[],
): Promise<SequenceBehind[]> {
  const byTable = new Map(needs.map((need) => [need.table, need]));
  const rows = await client.query<SequenceRow & Record<string, unknown>>(query, [schema, [...byTable.keys()]]);
  const progress = await readSequences(client, schema, rows, ({ isReadable }) => isReadable);
  const found: SequenceBehind[] = [];
  for (const [i, row] of rows.entries()) {
    const { extreme, state } = must(progress[i], 'progress of a sequence');
    const atLeast = must(byTable.get(row.table), 'need').sequenceAtLeast[row.column] ?? null;
    const bounds = toBounds(row);
    const used = furthest(bounds, [extreme, atLeast === null ? null : BigInt(atLeast)]);
    const position = positionAfter(bounds, used);
    const { isExhausted } = position;
    const free = nextOf(bounds, position);
    const next = state === null ? null : nextOf(bounds, state);
    const isBehind = next === null || (bounds.increment > 0n ? next < free : next > free);
    const { sequence, table, column } = row;
    if (isBehind || isExhausted) {
      const shown = next === null ? null : String(next);
      found.push({ sequence, table, column, next: shown, free: String(free), isExhausted });
    }
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
  const readable = rows.filter(({ isReadable }) => isReadable);
  const progress = await readSequences(client, schema, readable, () => true);
  return readable.flatMap(({ table, column }, i) => {
    const value = lastGiven(progress[i]?.state ?? null);
    return value === null ? [] : [{ table, column, value: String(value) }];
  });
}

function nextOf({ increment }: Bounds, { value, isCalled }: SequenceState): bigint {
  return isCalled ? value + increment : value;
}

function positionOf(row: SequenceRow, { extreme, state }: SequenceProgress, atLeast: string | null): SequencePosition {
  const { sequence, table, column } = row;
  const bounds = toBounds(row);
  const used = [extreme, atLeast === null ? null : BigInt(atLeast), lastGiven(state)];
  const { value, isCalled, isExhausted } = positionAfter(bounds, furthest(bounds, used));
  return { sequence, table, column, value: value.toString(), isCalled, isExhausted };
}

async function setPositions(client: TargetClient, positions: readonly SequencePosition[]): Promise<void> {
  if (positions.length === 0) return;
  const only = positions.length === 1 ? positions[0] : undefined;
  await client.query(
    'SELECT setval(t.sequence::regclass, t.value, t.called) FROM unnest($1::text[], $2::int8[], $3::boolean[]) AS t(sequence, value, called)',
    [
      positions.map(({ sequence }) => sequence),
      positions.map(({ value }) => value),
      positions.map(({ isCalled }) => isCalled),
    ],
    only === undefined ? { doing: 'set sequences' } : { table: only.table, doing: `set sequence ${only.sequence}` },
  );
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
