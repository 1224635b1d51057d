import { hashLines, hashPieces, type LineHash } from '../accept/key-hash.js';
import { givesRow, readLines } from '../source/verify/lines.js';
import { copyPieces } from '../target/copy/copy-pieces.js';
import { Meter } from '../pool/meter.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { withRowsOfTarget } from './thread-target.js';

/** Either hashes the keys of one side of one table, or asks the source which statements give a row. */
export type KeysetJob =
  | { readonly tag: 'doubts'; readonly snapshotPath: string; readonly sqls: readonly string[] }
  | { readonly tag: 'source'; readonly snapshotPath: string; readonly sql: string; readonly meter: SharedArrayBuffer }
  | { readonly tag: 'target'; readonly table: string; readonly sql: string; readonly meter: SharedArrayBuffer };

declare module '../pool/threads.js' {
  interface ThreadJobs {
    keyset:
      | [Extract<KeysetJob, { readonly tag: 'doubts' }>, boolean[]]
      | [Extract<KeysetJob, { readonly tag: 'source' | 'target' }>, LineHash];
  }
}

/** Hashes the keys of a table as plain SQL prints them. */
export async function runKeysetJob(job: KeysetJob): Promise<LineHash | boolean[]> {
  return await run(job);
}

async function run(job: KeysetJob): Promise<LineHash | boolean[]> {
  switch (job.tag) {
    case 'doubts':
      return await withSnapshot(job.snapshotPath, (db) => givesRow(db, job.sqls));
    case 'source': {
      const meter = new Meter(job.meter);
      return await withSnapshot(job.snapshotPath, (db) =>
        hashLines(readLines(db, job.sql), (count) => meter.add(count)),
      );
    }
    case 'target': {
      const meter = new Meter(job.meter);
      return await withRowsOfTarget((client) =>
        hashPieces(copyPieces(client, job.sql, { doing: 'reading the keys', table: job.table }), (count) =>
          meter.add(count),
        ),
      );
    }
  }
}
