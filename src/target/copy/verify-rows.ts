import { CopierError } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { CellBatch } from '../../model/value.js';
import type { TargetClient } from '../connection/client.js';
import { copyBatches } from './copy-batches.js';
import { CopyTextParser } from './copy-text.js';
import { quoteName } from '../../lib/quote.js';
import { comparedRows } from '../../lib/compared-rows.js';

export type TargetTableToVerify = Pick<TablePlan, 'targetSchema' | 'target' | 'columns' | 'staying'>;

/**
 * Yields every row of the table in the order in which Postgres scans it, as the text its output functions print; the
 * same batch object is filled again each time. Relies on the settings of the session (ISO dates in UTC, shortest exact
 * floats, hexadecimal bytea). Memory: one batch, or twice the largest row. Where the caller stops early, the client is
 * closed, because a running COPY cannot be ended otherwise. An abort goes through the client's own signal.
 * `from`: SQL for what is read instead of the whole table, under the name t.
 */
export async function* readTargetCells(
  client: TargetClient,
  table: TargetTableToVerify,
  from = `${comparedRows(table)} AS t`,
): AsyncGenerator<CellBatch> {
  const columns = table.columns.map((column) => `t.${quoteName(column.target)}`).join(', ');
  const sql = `COPY (SELECT ${columns} FROM ${from}) TO STDOUT`;
  yield* copyBatches(client, { sql, table: table.target, parser: new CopyTextParser(table.columns.length) });
}

/**
 * How Postgres prints texts that it reads as `type`: in order, null where the text is no such value. `type` is the
 * column's format_type(). The client must not be in a transaction, since a refused text would abort it.
 */
export async function renderLiterals(
  client: TargetClient,
  type: string,
  texts: readonly string[],
): Promise<(string | null)[]> {
  try {
    // format() calls the type's output function, as COPY does; a cast to text may print otherwise (inet does).
    const sql = `SELECT format('%s', t.x::${exactType(type)}) AS x FROM unnest($1::text[]) WITH ORDINALITY AS t(x, i) ORDER BY t.i`;
    const rows = await client.query<{ x: string }>(sql, [texts]);
    return rows.map((row) => row.x);
  } catch (error) {
    if (!(error instanceof CopierError) || error.code !== 'data.rejected') throw error;
    if (texts.length === 1) return [null];
    const half = texts.length >> 1;
    const first = await renderLiterals(client, type, texts.slice(0, half));
    return [...first, ...(await renderLiterals(client, type, texts.slice(half)))];
  }
}

/**
 * Without its modifier a type keeps every digit, so that lost digits show. But `bit` and `character` without a modifier
 * mean one bit and one character, so they keep theirs; so does an interval, whose fields are part of the modifier.
 */
function exactType(type: string): string {
  if (type.startsWith('interval')) return type.endsWith('[]') ? 'interval[]' : 'interval';
  if (/^(bit|character)\(/.test(type)) return type;
  return type.replaceAll(/"(?:[^"]|"")*"|\([^)]*\)/g, (part) => (part.startsWith('"') ? part : ''));
}
