import { assert, must } from '../../model/error.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import type { Kind } from '../../model/kind.js';
import { quoteName } from '../../lib/quote.js';

/*
 * H(value, seed) as SQL, by kind. All of it comes down to two functions of PostgreSQL: hash_bytes_extended over the
 * value's bytes and its 32-bit form, to which hashint8extended folds an int64. hash_record_extended of a row of one
 * bytea is the hash of those bytes, and 0 where the bytea is NULL; it costs ten times as much as a function of the type's
 * own, and copies a long value. That function, hashbyteaextended, exists only since 18, and sums use it there. hashfloat8extended hashes the bytes as the machine keeps them, but does
 * not tell 0 and -0 from each other, nor from the seed.
 */

/** A NULL in a key counts as hashint8extended(-1, seed), which is also the hash of these four bytes. */
const nullBytes = `'\\xffffffff'::bytea`;
/** One microsecond before 2000-01-01 is stored as the int64 -1. */
const nullTimestamp = `'1999-12-31 23:59:59.999999'::timestamp`;

/** From this version of PostgreSQL on it has a function for the hash of a bytea. */
const byteaHashVersion = 18;

/**
 * H of a value that is summed: NULL gives NULL or 0, both nothing in a sum. null for kinds without a fingerprint.
 * `majorVersion`: of the server that is asked; without it the SQL is one that all understand.
 */
export function columnHash(value: string, kind: Kind, seed: string, majorVersion = 0): string | null {
  switch (kind.tag) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'date':
      return `hashint8extended(${integer(value, kind)}, ${seed})`;
    case 'float8':
      return `CASE WHEN ${value} = 0 THEN ${bytesHash(value, kind, seed)} ELSE hashfloat8extended(${value}, ${seed}) END`;
    case 'bytea':
      if (majorVersion >= byteaHashVersion) return `hashbyteaextended(${value}, ${seed})`;
      return bytesHash(value, kind, seed);
    case 'float4':
      return bytesHash(value, kind, seed);
    case 'numeric':
    case 'text':
    case 'char':
    case 'enum':
    case 'json':
      return `hashtextextended(${text(value, kind)} COLLATE "C", ${seed})`;
    case 'uuid':
      return `uuid_hash_extended(${value}, ${seed})`;
    case 'time':
      return `time_hash_extended(${value}, ${seed})`;
    case 'timestamp':
    case 'timestamptz':
      return `timestamp_hash_extended(${timestamp(value, kind)}, ${seed})`;
    // Their text form is Postgres' own; verify compares them instead.
    case 'jsonb':
    case 'literal':
      return null;
  }
}

/** k of a row of the table: its key columns chained from 0. A table without a key chains all columns but jsonb and literal ones. */
export function keyHash(table: Pick<TablePlan, 'columns' | 'key'>): string {
  const columns = table.key.columns.map((i) => must(table.columns[i], `column ${i} of the key`));
  const hash = table.key.origin === 'none' ? nullableHash : plainHash;
  return columns.reduce((seed, column) => hash(column, seed), '0::int8');
}

/**
 * The hash of a float8 by its bytes, written so that `seed`, which contains all columns before, is in the text only
 * once.
 */
function plainHash({ target, kind }: ColumnPlan, seed: string): string {
  const value = quoteName(target);
  return kind.tag === 'float8' ? bytesHash(value, kind, seed) : (columnHash(value, kind, seed) ?? seed);
}

/** NULL is replaced in the value, not in the hash, so that `seed` is in the text only once. */
function nullableHash({ target, kind }: ColumnPlan, seed: string): string {
  const value = quoteName(target);
  switch (kind.tag) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'date':
      return `hashint8extended(coalesce(${integer(value, kind)}, -1), ${seed})`;
    case 'time':
      return `timestamp_hash_extended(coalesce(date '2000-01-01' + ${value}, ${nullTimestamp}), ${seed})`;
    case 'timestamp':
    case 'timestamptz':
      return `timestamp_hash_extended(coalesce(${timestamp(value, kind)}, ${nullTimestamp}), ${seed})`;
    case 'jsonb':
    case 'literal':
      return seed;
    default:
      return `hash_record_extended(ROW(coalesce(${bytes(value, kind)}, ${nullBytes})), ${seed})`;
  }
}

/** The int64 that is hashed; dates count days from 2000-01-01, the infinite ones are the ends of int64. */
function integer(value: string, kind: Kind): string {
  if (kind.tag === 'bool') return `${value}::int4::int8`;
  if (kind.tag !== 'date') return `${value}::int8`;
  return `CASE ${value} WHEN 'infinity' THEN 9223372036854775807 WHEN '-infinity' THEN '-9223372036854775808'::int8
    ELSE (${value} - date '2000-01-01')::int8 END`;
}

function bytesHash(value: string, kind: Kind, seed: string): string {
  return `hash_record_extended(ROW(${bytes(value, kind)}), ${seed})`;
}

function timestamp(value: string, kind: Kind): string {
  return kind.tag === 'timestamptz' ? `(${value} AT TIME ZONE 'UTC')` : value;
}

function text(value: string, kind: Kind): string {
  return kind.tag === 'numeric' ? `trim_scale(${value})::text` : `${value}::text`;
}

function bytes(value: string, kind: Kind): string {
  switch (kind.tag) {
    case 'float4':
      return `float4send(${value})`;
    case 'float8':
      return `float8send(${value})`;
    case 'bytea':
      return value;
    case 'uuid':
      return `uuid_send(${value})`;
    default:
      assert(['numeric', 'text', 'char', 'enum', 'json'].includes(kind.tag), 'a kind that is hashed as bytes');
      return `textsend(${text(value, kind)})`;
  }
}
