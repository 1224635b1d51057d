import { CopierError, must } from '../../model/error.js';
import type { ColumnResult, TableFingerprint } from '../../model/copy.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import type { Kind } from '../../model/kind.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { columnHash, keyHash } from './hash-sql.js';
import { quoteName } from '../../lib/quote.js';
import { comparedRows } from '../../lib/compared-rows.js';

/*
 * The server's half of the fingerprints: per table k = H(key columns, chained from 0) and per column the sum over rows of
 * H(value, seed = k), mod 2^64. Every function used is immutable and parallel safe, so one parallel aggregate does it.
 */

/** A table as the fingerprint needs it. */
export type FingerprintTable = Omit<TablePlan, 'chunks'>;

/**
 * A volatile function in the subquery keeps the planner from merging it into the query, which would compute k again for
 * each column. This one is parallel safe and costs nothing. OFFSET 0 would do the same, but the aggregate could not run
 * in parallel.
 */
const fence = 'pg_is_in_recovery() AS fence';
/** Each column takes up to three aggregates; PostgreSQL allows 1664 entries in a target list. */
const columnsPerQuery = 500;
/** From this size on a table is read by several processes; smaller ones take less time than starting them. */
const sharedBytes = 8 * 1024 * 1024;

/**
 * Lets the planner share out a scan whatever the table's own pages come to: long values lie in TOAST, which it does not
 * count, and reading them is what takes the time. Holds to the end of the transaction.
 */
export const sharedScanSql = `SELECT ${['min_parallel_table_scan_size', 'parallel_setup_cost', 'parallel_tuple_cost']
  .map((name) => `set_config('${name}', '0', true)`)
  .join(', ')}`;

const noFingerprint = '0'.repeat(16);

interface Sums {
  readonly rows: string;
  readonly keyset: string | null;
  /** Per column: rows where it is not NULL, empty texts, sum of the hashes; decimal strings. */
  readonly counts: readonly string[];
  readonly empties: readonly string[];
  readonly sums: readonly (string | null)[];
}

/** What of a table is summed up, and who is asked. */
interface FingerprintPart {
  /** The first column, and one past the last. */
  readonly from?: number;
  readonly to?: number;
  /** Read in place of the table where only some of its rows are meant. */
  readonly rows?: string | undefined;
  /** Of the server; without it the SQL is one that all understand. */
  readonly majorVersion?: number;
}

/** The aggregate over some columns of the table, all without `from` and `to`, and always its rows and keyset. */
export function fingerprintSql(
  table: FingerprintTable,
  { from, to, rows = `${comparedRows(table)} AS t`, majorVersion }: FingerprintPart = {},
): string {
  const columns = table.columns.slice(from, to);
  // Aggregates that are written alike are computed once: a column that takes no NULL costs none of its own.
  const counts = columns.map(({ notNull }, i) => (notNull === true ? 'count(*)::text' : `count(c${i})::text`));
  const empties = columns.map((column, i) => emptiesSql(column, `c${i}`));
  const sums = columns.map(({ kind }, i) => sumSql(columnHash(`c${i}`, kind, 'k', majorVersion)));
  const inner = [
    ...columns.map((column, i) => `${quoteName(column.target)} AS c${i}`),
    `${keyHash(table)} AS k`,
    fence,
  ];
  return `SELECT count(*)::text AS rows, sum(k)::text AS keyset, ${textArray(counts)} AS counts,
       ${textArray(empties)} AS empties, ${textArray(sums)} AS sums
  FROM (SELECT ${inner.join(', ')} FROM ${rows}) AS t`;
}

/**
 * Rows, keyset and column fingerprints of a whole table as the server holds it. One statement; tables with very many
 * columns take several in one snapshot. Within the caller's transaction, where only a lock keeps writers out, it fails
 * with `target.rows_changing` where another session writes between the statements.
 */
export async function fingerprintTable(client: TargetClient, table: FingerprintTable): Promise<TableFingerprint> {
  if (table.columns.length <= columnsPerQuery || client.isInTransaction) return await readParts(client, table);
  return await withTransaction(client, async () => {
    await client.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return await readParts(client, table);
  });
}

/**
 * The same for several tables, in their order: those of few columns by one message, in one transaction of the server.
 */
export async function fingerprintTables(
  client: TargetClient,
  tables: readonly FingerprintTable[],
): Promise<TableFingerprint[]> {
  const isNarrow = (table: FingerprintTable) => table.columns.length <= columnsPerQuery;
  const [first] = tables;
  if (first === undefined) return [];
  if (tables.length === 1) return [await fingerprintTable(client, first)];
  const narrow = tables.filter(isNarrow);
  const results = await client.queryAll<Sums & Record<string, unknown>>(
    narrow.map((table) => fingerprintSql(table, { majorVersion: client.majorVersion })),
    { doing: 'fingerprint tables' },
  );
  const found = new Map(narrow.map((table, at) => [table, toFingerprint(table, results[at]?.[0], 0)]));
  const all: TableFingerprint[] = [];
  for (const table of tables) all.push(found.get(table) ?? (await fingerprintTable(client, table)));
  return all;
}

/**
 * The same for some rows with the columns of the table, given as an item of a FROM list. Call it in a transaction in
 * which they cannot change.
 */
export async function fingerprintRows(
  client: TargetClient,
  table: FingerprintTable,
  rows: string,
): Promise<TableFingerprint> {
  return await readParts(client, table, rows);
}

/** One typed value with its seed, for the self-test: the encoder is fed with `text` as `kind`, the server with `sql`. */
export interface FingerprintSample {
  readonly name: string;
  readonly kind: Kind;
  /** The value as Postgres prints it (bool t or f, bytea and uuid in hex). */
  readonly text: string;
  readonly sql: string;
  /** Unsigned 64-bit number as a decimal string. */
  readonly seed: string;
}

const seeds = ['0', '1', '18446744073709551614'] as const;

const sampleValues: readonly (readonly [name: string, kind: Kind, type: string, text: string])[] = [
  ['true', { tag: 'bool' }, 'bool', 't'],
  ['false', { tag: 'bool' }, 'bool', 'f'],
  ['int2 least', { tag: 'int2' }, 'int2', '-32768'],
  ['int4 minus one', { tag: 'int4' }, 'int4', '-1'],
  ['int8 zero', { tag: 'int8' }, 'int8', '0'],
  ['int8 over 32 bits', { tag: 'int8' }, 'int8', '81985529216486895'],
  ['int8 least', { tag: 'int8' }, 'int8', '-9223372036854775808'],
  ['int8 most', { tag: 'int8' }, 'int8', '9223372036854775807'],
  ['float4', { tag: 'float4' }, 'float4', '1.5'],
  ['float8', { tag: 'float8' }, 'float8', '0.1'],
  ['float8 zero', { tag: 'float8' }, 'float8', '0'],
  ['float8 minus zero', { tag: 'float8' }, 'float8', '-0'],
  ['float8 infinity', { tag: 'float8' }, 'float8', '-Infinity'],
  ['numeric', { tag: 'numeric', precision: null, scale: null }, 'numeric', '-12345678901234567890.0123400'],
  ['numeric zero', { tag: 'numeric', precision: null, scale: null }, 'numeric', '0.00'],
  ['text empty', { tag: 'text', maxChars: null }, 'text', ''],
  ['text of 1', { tag: 'text', maxChars: null }, 'text', 'a'],
  ['text of 11', { tag: 'text', maxChars: null }, 'text', 'hello world'],
  ['text of 12', { tag: 'text', maxChars: null }, 'text', 'hello world!'],
  ['text of 13', { tag: 'text', maxChars: null }, 'text', 'hello, world!'],
  ['text of 3 words', { tag: 'text', maxChars: null }, 'text', 'the quick brown fox jumps over it'],
  ['text not ascii', { tag: 'text', maxChars: null }, 'text', 'Zoë 🚢 £'],
  ['char', { tag: 'char', chars: 5 }, 'char(5)', 'ab'],
  ['json', { tag: 'json' }, 'json', '{"b": 1, "a":[]}'],
  ['bytea empty', { tag: 'bytea' }, 'bytea', '\\x'],
  ['bytea', { tag: 'bytea' }, 'bytea', '\\x00ff10807f'],
  ['uuid', { tag: 'uuid' }, 'uuid', '00112233-4455-6677-8899-aabbccddeeff'],
  ['date', { tag: 'date' }, 'date', '2024-02-29'],
  ['date early', { tag: 'date' }, 'date', '0001-01-01'],
  ['date infinite', { tag: 'date' }, 'date', '-infinity'],
  ['time', { tag: 'time', precision: 6 }, 'time', '12:34:56.789012'],
  ['time end of day', { tag: 'time', precision: 6 }, 'time', '24:00:00'],
  ['timestamp', { tag: 'timestamp', precision: 3, unit: 'ms' }, 'timestamp(3)', '2024-02-29 12:34:56.789'],
  ['timestamp early', { tag: 'timestamp', precision: 6, unit: 'ms' }, 'timestamp', '1969-12-31 23:59:59.999999'],
  ['timestamp infinite', { tag: 'timestamp', precision: 6, unit: 'ms' }, 'timestamp', 'infinity'],
  ['timestamptz', { tag: 'timestamptz', precision: 6, unit: 'ms' }, 'timestamptz', '2024-02-29 12:34:56.789+00'],
];

/** Every sample with every seed; the plain list that both implementations are tried on. */
export const fingerprintSamples: readonly FingerprintSample[] = sampleValues.flatMap(([name, kind, type, text]) =>
  seeds.map((seed) => ({ name: `${name}, seed ${seed}`, kind, text, sql: `'${text}'::${type}`, seed })),
);

/** What this server makes of every sample: name → 16 lower-case hex digits. */
export async function selfTestFingerprint(client: TargetClient): Promise<Record<string, string>> {
  const list = fingerprintSamples.map(({ sql, kind, seed }) => {
    const seedSql = `'${BigInt.asIntN(64, BigInt(seed))}'::int8`;
    return `${must(columnHash(sql, kind, seedSql, client.majorVersion), 'a hash')}::text`;
  });
  const [row] = await client.query<{ hashes: string[] }>(`SELECT ${textArray(list)} AS hashes`);
  const { hashes } = must(row, 'row of hashes');
  return Object.fromEntries(fingerprintSamples.map(({ name }, i) => [name, toHex(must(hashes[i], 'hash'))]));
}

async function readParts(client: TargetClient, table: FingerprintTable, rows?: string): Promise<TableFingerprint> {
  const first = await readPart(client, table, { from: 0, to: columnsPerQuery, rows });
  const columns = [...first.columns];
  while (columns.length < table.columns.length) {
    const part = await readPart(client, table, { from: columns.length, to: columns.length + columnsPerQuery, rows });
    if (part.rows !== first.rows || part.keyset !== first.keyset) throw changing(table);
    columns.push(...part.columns);
  }
  return { ...first, columns };
}

function changing({ target }: FingerprintTable): CopierError {
  return new CopierError('target.rows_changing', `${target} is written to by others while it is read`, {
    hint: 'keep other writers off the target, then run the same command again',
    table: target,
  });
}

async function readPart(
  client: TargetClient,
  table: FingerprintTable,
  { from, to, rows }: { readonly from: number; readonly to: number; readonly rows: string | undefined },
): Promise<TableFingerprint> {
  const context = { table: table.target, doing: `fingerprint ${table.target}` };
  const sql = fingerprintSql(table, { from, to, rows, majorVersion: client.majorVersion });
  // Both in one message are one transaction of their own. Within the caller's the settings would outlive the scan.
  const isShared = table.estimatedBytes >= sharedBytes && !client.isInTransaction;
  const results = await client.queryAll<Sums & Record<string, unknown>>(
    isShared ? [sharedScanSql, sql] : [sql],
    context,
  );
  return toFingerprint(table, results.at(-1)?.[0], from);
}

/** What the aggregate over a table's columns, from this one on, gave. */
function toFingerprint(table: FingerprintTable, row: Sums | undefined, from: number): TableFingerprint {
  const sums = must(row, 'row of sums');
  const columns = table.columns.slice(from, from + sums.sums.length).map((column, i) => toResult(column, sums, i));
  return { rows: Number(sums.rows), keyset: toHex(sums.keyset), columns };
}

function toResult(column: ColumnPlan, sums: Sums, i: number): ColumnResult {
  const nulls = Number(BigInt(sums.rows) - BigInt(must(sums.counts[i], 'count')));
  const sum = sums.sums[i] ?? null;
  return { column: column.source, nulls, empties: Number(must(sums.empties[i], 'count')), fingerprint: toHex(sum) };
}

/** A signed decimal sum of any size, mod 2^64, as 16 lower-case hex digits; null (no rows) is 0. */
function toHex(sum: string | null): string {
  if (sum === null) return noFingerprint;
  return BigInt.asUintN(64, BigInt(sum)).toString(16).padStart(16, '0');
}

/** By length, not by = '': a nondeterministic collation may hold other texts equal to the empty one. */
function emptiesSql(column: ColumnPlan, value: string): string {
  return column.isTextual ? `count(*) FILTER (WHERE octet_length(${value}::text) = 0)::text` : `'0'`;
}

function sumSql(hash: string | null): string {
  return hash === null ? `'0'` : `sum(${hash})::text`;
}

function textArray(items: readonly string[]): string {
  return `ARRAY[${items.join(', ')}]::text[]`;
}
