import { hashLines, hashPieces, type LineHash } from '../src/accept/key-hash.js';
import { toWire } from '../src/errors.js';
import type { JobAnswer } from '../src/model.js';
import { givesRow, readLines } from '../src/source/lines.js';
import { withTarget } from '../src/target/connect.js';
import { copyLines } from '../src/target/copy-lines.js';
import { threadData } from './session.js';
import { withSnapshot } from './snapshot-database.js';

/** The keys of one side of one table are hashed, or the source is asked which statements give a row. */
export type KeysetJob =
  | { readonly tag: 'doubts'; readonly snapshotPath: string; readonly sqls: readonly string[] }
  | { readonly tag: 'source'; readonly snapshotPath: string; readonly sql: string }
  | { readonly tag: 'target'; readonly table: string; readonly sql: string };

/** Thread entry: hashes the keys of a table as plain SQL prints them. */
export default async function keyset(job: KeysetJob): Promise<JobAnswer<LineHash | boolean[]>> {
  try {
    return { tag: 'done', result: await run(job) };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}

async function run(job: KeysetJob): Promise<LineHash | boolean[]> {
  switch (job.tag) {
    case 'doubts':
      return await withSnapshot(job.snapshotPath, (db) => givesRow(db, job.sqls));
    case 'source':
      return await withSnapshot(job.snapshotPath, (db) => hashLines(readLines(db, job.sql)));
    case 'target': {
      const { address, applicationName } = threadData;
      return await withTarget(address, { applicationName }, (client) =>
        hashPieces(copyLines(client, job.sql, job.table)),
      );
    }
  }
}
