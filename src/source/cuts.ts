import type { Database } from 'better-sqlite3';
import { must } from '../errors.js';
import type { Chunk, ChunkRange, SourceTable } from '../model.js';
import { findKeyCuts } from './key-cuts.js';
import { readLeaves } from './leaves.js';

export interface CutOptions {
  /** A connection to the snapshot, for the keys of WITHOUT ROWID tables. */
  readonly db: Database;
  readonly snapshotPath: string;
  readonly table: SourceTable;
  /** Rows counted in the snapshot. */
  readonly rows: number;
  /** Bytes of pages per chunk, overflow pages included; each chunk gets at least one leaf page. */
  readonly chunkBytes: number;
}

/**
 * Cuts a table of a snapshot into chunks of about chunkBytes. Every row lies in exactly one of them: a chunk ends where
 * the next begins, the first has no lower bound, the last no upper one. Estimated rows add up to `rows`.
 * Rowid tables are cut at the separators of their b-tree, so that gaps and skew cost nothing; WITHOUT ROWID tables at
 * quantiles of their key; a table whose rowid has no name, or whose key cannot be written down exactly, is one chunk.
 * Error: data.damaged_page.
 */
export function cutTable(options: CutOptions): Chunk[] {
  const { table } = options;
  const sizes = measureRuns(options);
  if (sizes.length === 1) return toChunks(options, [{ tag: 'whole' }], sizes);
  if (table.rowidName !== null) return toChunks(options, rowidRanges(sizes), sizes);
  const cuts = table.isWithoutRowid ? findKeyCuts(options.db, table, options.rows, sizes.length) : [];
  if (cuts.length === 0) return toChunks(options, [{ tag: 'whole' }], [joinRuns(sizes)]);
  const ranges = keyRanges(cuts);
  return toChunks(
    options,
    ranges,
    ranges.map(() => ({ ...joinRuns(sizes), leaves: 1, bytes: Math.ceil(joinRuns(sizes).bytes / ranges.length) })),
  );
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
  let hasMore = false;
  let last: bigint | null = null;
  for (const leaf of readLeaves(snapshotPath, table)) {
    // The run before is closed only now that a leaf follows it: no empty run comes last.
    if (hasMore && bytes >= chunkBytes) {
      runs.push({ leaves, bytes, through: last });
      leaves = 0;
      bytes = 0;
    }
    leaves++;
    bytes += leaf.bytes;
    last = leaf.through;
    hasMore = true;
  }
  return [...runs, { leaves, bytes, through: null }];
}

function joinRuns(runs: readonly Run[]): Run {
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  return { leaves: sum((run) => run.leaves), bytes: sum((run) => run.bytes), through: null };
}

function rowidRanges(runs: readonly Run[]): ChunkRange[] {
  let after: string | null = null;
  return runs.map(({ through }, at) => {
    const upper: string | null = at === runs.length - 1 ? null : must(through, 'separator between two runs').toString();
    const range: ChunkRange = { tag: 'rowid', after, through: upper };
    after = upper;
    return range;
  });
}

function keyRanges(cuts: ReturnType<typeof findKeyCuts>): ChunkRange[] {
  return [...cuts, null].map((through, at) => ({ tag: 'key', after: cuts[at - 1] ?? null, through }));
}

/** Spreads the rows over the chunks in proportion to their leaves, rounding so that they add up. */
function toChunks({ table, rows }: CutOptions, ranges: readonly ChunkRange[], runs: readonly Run[]): Chunk[] {
  const leavesTotal = joinRuns(runs).leaves;
  let leaves = 0;
  let given = 0;
  return ranges.map((range, index) => {
    const run = must(runs[index], 'run of a range');
    leaves += run.leaves;
    const upTo = Math.round((rows * leaves) / leavesTotal);
    const estimatedRows = upTo - given;
    given = upTo;
    return { table: table.name, index, range, estimatedRows, estimatedBytes: run.bytes };
  });
}
