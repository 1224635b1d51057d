import { blockCapacity } from '../encode/row/block.js';
import { createRowEncoder, directFields, type RowEncoder } from '../encode/row/row-encoder.js';
import { createKernel, type Kernel } from '../encode/kernel/kernel.js';
import type { RowView } from '../model/value.js';
import { readPages } from '../source/pages/pages.js';
import { PageRows } from '../source/pages/page-rows.js';
import { readRows } from '../source/rows/rows.js';
import type { CopyJob } from './copy-job.js';
import { snapshotDatabase } from './snapshot-database.js';
import { snapshotPages } from './snapshot-pages.js';

/** The part of a copy job that a feed needs. */
export type FeedJob = Pick<
  CopyJob,
  'snapshotPath' | 'table' | 'layout' | 'chunk' | 'sentinel' | 'allowSentinel' | 'blockBytes'
>;

/** Reads and encodes the rows of a chunk into the encoder's blocks. */
export interface Feed {
  readonly encoder: RowEncoder;
  /** Encodes until a block is full; false where no row is left. Throws what the encoder throws. */
  readonly fill: () => boolean;
  /** Releases the source. Must be called at the end, also after an error. */
  readonly close: () => void;
}

/** The kernel of this thread, made for its first chunk and used again for all later ones. */
let kernel: Kernel | null = null;

/** Uses the kernel where it can serve the table, else reads and encodes row by row. */
export async function createFeed(job: FeedJob): Promise<Feed> {
  return (await createKernelFeed(job)) ?? (await createRowFeed(job));
}

export async function createRowFeed(job: FeedJob): Promise<Feed> {
  const encoder = await createRowEncoder({ ...job, converts: 'cells' });
  const rows = rowsOf(job)[Symbol.iterator]();
  const fill = (): boolean => {
    while (!encoder.isBlockFull) {
      const row = rows.next();
      if (row.done === true) return false;
      encoder.encodeRow(row.value);
    }
    return true;
  };
  return { encoder, fill, close: () => void rows.return?.() };
}

/**
 * Null where the kernel cannot serve the table. The kernel works leaf by leaf; a cell that it leaves out is read and
 * encoded row by row.
 */
export async function createKernelFeed(job: FeedJob): Promise<Feed | null> {
  const { table, layout, chunk, snapshotPath, blockBytes } = job;
  const fields = directFields({ ...job, converts: 'cells' });
  if (layout === null || fields === null) return null;
  kernel ??= createKernel(blockCapacity(blockBytes));
  const loop = kernel;
  loop.restart();
  const rows = new PageRows(snapshotPages(snapshotPath), table, layout, chunk.range, {
    allocate: loop.allocate,
  });
  const encoder = await createRowEncoder({ ...job, converts: 'cells', allocate: loop.allocate });
  const { aside, block } = encoder;
  if (!loop.load({ record: rows.shape(), fields, aside, key: table.key.columns })) return null;
  /** A row that is split over pages is a leaf of its own to the kernel once it is put together. */
  const encodeRow = (): void => {
    rows.move();
    const joined = rows.lendJoined();
    if (joined !== null && loop.holds(joined.bytes) && loop.holds(block.bytes)) {
      const stop = loop.fill(joined, block, blockBytes);
      encoder.addKeys(loop.keys);
      if (stop === 'done') return;
    }
    rows.fillView();
    encoder.encodeRow(rows.view);
  };
  const fill = (): boolean => {
    try {
      while (!encoder.isBlockFull) {
        const leaf = rows.lendLeaf();
        if (leaf === null) return false;
        if (!loop.holds(leaf.bytes) || !loop.holds(block.bytes)) {
          encodeRow();
          continue;
        }
        const stop = loop.fill(leaf, block, blockBytes);
        rows.takeBack(leaf);
        encoder.addKeys(loop.keys);
        if (stop === 'not mine') encodeRow();
      }
      return true;
    } finally {
      encoder.addSums(loop.takeSums());
    }
  };
  return { encoder, fill, close: () => undefined };
}

/** The rows of a chunk, read as the plan says. Every call gives them in the same order. */
export function rowsOf({
  snapshotPath,
  table,
  layout,
  chunk,
}: Pick<CopyJob, 'snapshotPath' | 'table' | 'layout' | 'chunk'>): Iterable<RowView> {
  if (layout === null) return readRows(snapshotDatabase(snapshotPath), table, chunk.range);
  return readPages(snapshotPages(snapshotPath), table, layout, chunk.range);
}
