import type { Database } from '../sqlite.js';
import { must } from '../../model/error.js';
import type { Chunk, ChunkRange } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { countRows } from '../census/census.js';
import { findKeyCuts } from './key-cuts.js';
import { type Key, readLeaves } from './leaves.js';

export interface CutOptions {
  /** A connection to the snapshot, for the keys of WITHOUT ROWID tables. */
  readonly db: Database;
  readonly snapshotPath: string;
  readonly table: SourceTable;
  /** Bytes of pages per piece, overflow pages included; each piece gets at least one leaf page. */
  readonly chunkBytes: number;
}

/** A piece of a table whose rows are not counted yet. */
export interface Cut {
  readonly range: ChunkRange;
  readonly estimatedBytes: number;
  /** Its share of the rows, relative to the weights of the other pieces. */
  readonly weight: number;
}

/**
 * Cuts a table of a snapshot into pieces of about chunkBytes. Every row lies in exactly one of them: a piece ends where
 * the next begins, the first has no lower bound, the last no upper one.
 * Rowid tables are cut at the separators of their b-tree, so that gaps and skew cost nothing; WITHOUT ROWID tables at
 * quantiles of their key; a table whose rowid has no name, or whose key cannot be written down exactly, is one piece. A
 * full-text table is cut like the b-tree that keeps its rows; any other virtual table is one piece.
 * Error: data.damaged_page.
 */
export function cutTable(options: CutOptions): Cut[] {
  const { db, table } = options;
  const runs = measureRuns(options);
  const total = joinRuns(runs);
  const isKeyed = table.virtual === undefined || table.virtual.class === 'full text';
  if (runs.length === 1 || !isKeyed) return [uncut(total)];
  if (table.rowidName !== null) return cutByRowid(runs);
  if (!table.isWithoutRowid) return [uncut(total)];
  const ranges = keyRanges(findKeyCuts(db, table, countRows(db, table.name), runs.length));
  if (ranges.length === 1) return [uncut(total)];
  const estimatedBytes = Math.ceil(total.bytes / ranges.length);
  return ranges.map((range) => ({ range, estimatedBytes, weight: 1 }));
}

/** Makes chunks of a table's pieces and spreads its rows over them by weight, rounding so that they add up. */
export function spreadRows(table: string, cuts: readonly Cut[], rows: number): Chunk[] {
  const total = cuts.reduce((sum, { weight }) => sum + weight, 0);
  let weighed = 0;
  let given = 0;
  return cuts.map(({ range, estimatedBytes, weight }, index) => {
    weighed += weight;
    const upTo = Math.round((rows * weighed) / total);
    const estimatedRows = upTo - given;
    given = upTo;
    return { table, index, range, estimatedRows, estimatedBytes };
  });
}

/** A run of neighbouring leaf pages. */
interface Run {
  readonly leaves: number;
  readonly bytes: number;
  readonly through: bigint | null;
}

function measureRuns({ snapshotPath, table, chunkBytes }: CutOptions): Run[] {
  const runs: Run[] = [];
  let leaves = 0;
  let bytes = 0;
  let last: Key | null = null;
  const rootPage = table.virtual?.storeRoot ?? table.rootPage;
  if (rootPage === 0) return [{ leaves: 1, bytes: 0, through: null }];
  for (const below of readLeaves(snapshotPath, { ...table, rootPage })) {
    for (const leaf of below) {
      // The run before is closed only now that a leaf follows it: no empty run comes last.
      if (leaves > 0 && bytes >= chunkBytes) {
        runs.push({ leaves, bytes, through: last === null ? null : BigInt(last) });
        leaves = 0;
        bytes = 0;
      }
      leaves++;
      bytes += leaf.bytes;
      last = leaf.through;
    }
  }
  return [...runs, { leaves, bytes, through: null }];
}

function joinRuns(runs: readonly Run[]): Run {
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  return { leaves: sum((run) => run.leaves), bytes: sum((run) => run.bytes), through: null };
}

function uncut(whole: Run): Cut {
  return { range: { tag: 'whole' }, estimatedBytes: whole.bytes, weight: whole.leaves };
}

function cutByRowid(runs: readonly Run[]): Cut[] {
  let after: string | null = null;
  return runs.map(({ leaves, bytes, through }, at) => {
    const upper: string | null = at === runs.length - 1 ? null : must(through, 'separator between two runs').toString();
    const range: ChunkRange = { tag: 'rowid', after, through: upper };
    after = upper;
    return { range, estimatedBytes: bytes, weight: leaves };
  });
}

function keyRanges(cuts: ReturnType<typeof findKeyCuts>): ChunkRange[] {
  return [...cuts, null].map((through, at) => ({ tag: 'key', after: cuts[at - 1] ?? null, through }));
}
