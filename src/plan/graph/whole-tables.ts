import type { TablePlan } from '../../model/plan.js';
import { hasPolicies } from '../rules/rules.js';

/*
 * A table that arrives by one COPY in the transaction that empties it arrives frozen: its pages are never written a
 * second time, and the server reads it faster from the first time on. Measured: a tenth of the CPU of a whole run of
 * 360 MB, and a third of its time at 3.6 GB. There the first reading of pages that are not frozen wrote each of them to
 * the WAL once more, since data checksums were on and a checkpoint came between.
 */

/**
 * Apart from its bytes, a row costs as much as this many bytes (measured: 1 million rows of 187 take as long as 3
 * million of 30).
 */
const rowBytes = 48;
/**
 * From this length on a row's values go to TOAST, whose pages nobody freezes afterwards: then there is little to save,
 * and much to store, which two sessions of the server do at once.
 */
const longRowBytes = 2048;
/** How much more than its share of the work one stream may have; the others prove and index tables meanwhile. */
const slack = 1.25;

export interface WholeTables {
  /** Chunks that are copied at once, and those of tables with long rows. */
  readonly streams: number;
  readonly streamsOfLongRows: number;
  /** What a crash or a lost connection may cost of one table, in bytes of the source. */
  readonly bytesMax: number;
}

/** The part of a table's plan that decides into how many chunks it is cut. */
export type CutTable = Pick<TablePlan, 'source' | 'rows' | 'estimatedBytes' | 'chunks' | 'columns' | 'policies'>;

/**
 * Makes one chunk of each table that is small enough and does not unbalance the streams. A table in which a refused row
 * does not stop the run stays cut, since a chunk with such a row is copied twice.
 */
export function joinWholeTables<T extends CutTable>(tables: readonly T[], options: WholeTables): T[] {
  const { streams, streamsOfLongRows, bytesMax } = options;
  const usual = findWholeTables(tables, streams, bytesMax);
  const long = streamsOfLongRows === streams ? usual : findWholeTables(tables, streamsOfLongRows, bytesMax);
  return tables.map((table) => ((hasLongRows(table) ? long : usual).has(table) ? joinChunks(table) : table));
}

function hasLongRows({ rows, estimatedBytes }: CutTable): boolean {
  return estimatedBytes >= rows * longRowBytes;
}

function findWholeTables(tables: readonly CutTable[], streams: number, bytesMax: number): ReadonlySet<CutTable> {
  const share = tables.reduce((sum, table) => sum + workOf(table), 0) / streams;
  const loads = Array.from({ length: streams }, () => 0);
  const joined = new Set<CutTable>();
  for (const table of [...tables].sort((a, b) => workOf(b) - workOf(a))) {
    const stream = loads.indexOf(Math.min(...loads));
    const load = (loads[stream] ?? 0) + workOf(table);
    const mayJoin = table.estimatedBytes <= bytesMax && load <= share * slack && !hasPolicies(table);
    if (table.chunks.length > 1 && !mayJoin) continue;
    loads[stream] = load;
    if (table.chunks.length > 1) joined.add(table);
  }
  return joined;
}

/** The table in one chunk. */
export function joinChunks<T extends CutTable>(table: T): T {
  const { source, rows, estimatedBytes } = table;
  const whole = { table: source, index: 0, range: { tag: 'whole' }, estimatedRows: rows, estimatedBytes } as const;
  return { ...table, chunks: [whole] };
}

function workOf({ rows, estimatedBytes }: CutTable): number {
  return estimatedBytes + rows * rowBytes;
}
