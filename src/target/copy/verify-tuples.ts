import type { ColumnPlan } from '../../model/plan.js';
import type { CellBatch } from '../../model/value.js';
import { comparedRows } from '../../lib/compared-rows.js';
import { sentFormOf } from '../../lib/compared-form.js';
import { quoteName } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { copyBatches } from './copy-batches.js';
import { CopyTupleParser } from './copy-tuples.js';
import type { TargetTableToVerify } from './verify-rows.js';

/** Whether every column of the table has a form other than the text of COPY in which its values can be compared. */
export function isSentInBinary({ columns }: Pick<TargetTableToVerify, 'columns'>): boolean {
  return columns.every(({ kind }) => sentFormOf(kind) !== null);
}

/**
 * Yields every row of the table as `readTargetCells` does, each cell as `sentFormOf` says: without printing and reading
 * text, which costs both sides more than everything else of it.
 */
export async function* readTargetTuples(
  client: TargetClient,
  table: TargetTableToVerify,
  from = `${comparedRows(table)} AS t`,
): AsyncGenerator<CellBatch> {
  const columns = table.columns.map(sentSql).join(', ');
  const sql = `COPY (SELECT ${columns} FROM ${from}) TO STDOUT (FORMAT binary)`;
  yield* copyBatches(client, { sql, table: table.target, parser: new CopyTupleParser(table.columns.length) });
}

function sentSql({ kind, target }: ColumnPlan): string {
  const column = `t.${quoteName(target)}`;
  return sentFormOf(kind) === 'printed' ? `${column}::text` : column;
}

/**
 * A few values of every kind that is sent in binary form, to be read both ways before that form is relied on: what the
 * server prints is the account of its types that nobody here has written.
 */
export function sampleOfForms(): { readonly table: TargetTableToVerify; readonly from: string } {
  const names = samples.map((_, i) => `c${i}`);
  const rowCount = Math.max(...samples.map(({ values }) => values.length));
  const rows = Array.from({ length: rowCount }, (_, row) => {
    const values = samples.map(({ type, values }) => `${values[row] ?? 'NULL'}::${type}`);
    return `(${values.join(', ')})`;
  });
  const columns = samples.map(({ kind }, i): ColumnPlan => {
    const name = names[i] ?? '';
    const plain = {
      source: name,
      target: name,
      declaredType: '',
      affinity: 'blob',
      targetType: '',
      reason: '',
    } as const;
    return { ...plain, kind, isTextual: false };
  });
  const table = { targetSchema: '', target: 'a sample of values', columns };
  return { table, from: `(VALUES ${rows.join(', ')}) AS t(${names.join(', ')})` };
}

const moments = [
  `'1969-12-31 23:59:59.999999'`,
  `'2000-01-01'`,
  `'9999-12-31 23:59:59.5'`,
  `'0100-01-01'`,
  `'infinity'`,
];
const reals = [`'0.1'`, `'-0'`, `'-1.5e-30'`, `'-Infinity'`, `'NaN'`];
const plainTime = { unit: 'ms', precision: 6 } as const;

const samples: readonly {
  readonly kind: ColumnPlan['kind'];
  readonly type: string;
  readonly values: readonly string[];
}[] = [
  { kind: { tag: 'bool' }, type: 'bool', values: ['true', 'false'] },
  { kind: { tag: 'int2' }, type: 'int2', values: [`'-32768'`, `'32767'`, `'0'`] },
  { kind: { tag: 'int4' }, type: 'int4', values: [`'-2147483648'`, `'2147483647'`, `'10'`] },
  { kind: { tag: 'int8' }, type: 'int8', values: [`'-9223372036854775808'`, `'9223372036854775807'`, `'4294967296'`] },
  { kind: { tag: 'float4' }, type: 'float4', values: reals },
  { kind: { tag: 'float8' }, type: 'float8', values: reals },
  { kind: { tag: 'numeric', precision: null, scale: null }, type: 'numeric', values: [`'-1.50'`, `'1e30'`, `'NaN'`] },
  { kind: { tag: 'text', maxChars: null }, type: 'text', values: [`''`, String.raw`E'\t\\é\n'`] },
  { kind: { tag: 'char', chars: 3 }, type: 'char(3)', values: [`'a'`] },
  { kind: { tag: 'bytea' }, type: 'bytea', values: [String.raw`'\x00ff'`, `''`] },
  { kind: { tag: 'uuid' }, type: 'uuid', values: [`'6ba7b810-9dad-11d1-80b4-00c04fd430c8'`] },
  { kind: { tag: 'jsonb' }, type: 'jsonb', values: [`'{"b":1,"a":[1.0]}'`] },
  { kind: { tag: 'json' }, type: 'json', values: [`'{"b": 1}'`] },
  { kind: { tag: 'date' }, type: 'date', values: [`'1999-12-31'`, `'9999-12-31'`, `'-infinity'`] },
  { kind: { tag: 'time', precision: 6 }, type: 'time', values: [`'23:59:59.999999'`] },
  { kind: { tag: 'timestamp', ...plainTime }, type: 'timestamp', values: moments },
  { kind: { tag: 'timestamptz', ...plainTime }, type: 'timestamptz', values: moments },
];
