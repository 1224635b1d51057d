import { assert } from '../../model/error.js';
import type { ChunkRange } from '../../model/plan.js';

/** One job counts at least this many bytes, some 20 ms of work, so that no thread waits long at the end. */
export const partBytesMin = 32 * 1024 * 1024;

/** A piece of a table, and about how large it is. */
export interface Sized {
  readonly range: ChunkRange;
  readonly estimatedBytes: number;
}

/** Joins neighbouring pieces of a rowid table to ranges of at least `bytesMin`, the last one apart. */
export function joinCuts(cuts: readonly Sized[], bytesMin = partBytesMin): ChunkRange[] {
  const ranges: ChunkRange[] = [];
  let open: ChunkRange | null = null;
  let bytes = 0;
  for (const { range, estimatedBytes } of cuts) {
    open = open === null ? range : joinRanges(open, range);
    bytes += estimatedBytes;
    if (bytes < bytesMin) continue;
    ranges.push(open);
    open = null;
    bytes = 0;
  }
  return open === null ? ranges : [...ranges, open];
}

function joinRanges(first: ChunkRange, last: ChunkRange): ChunkRange {
  assert(first.tag === 'rowid' && last.tag === 'rowid', 'only ranges of rowids are joined');
  return { tag: 'rowid', after: first.after, through: last.through };
}

/** Source bytes of a job that reads every value, about 50 ms of work. */
const readBytesMin = 8 * 1024 * 1024;

/** The ranges of the jobs that read a table's values: parts by its pages, or the table as a whole. */
export function readRanges(cuts: readonly Sized[], isByPages: boolean): ChunkRange[] {
  return isByPages && cuts.length > 0 ? joinCuts(cuts, readBytesMin) : [{ tag: 'whole' }];
}
