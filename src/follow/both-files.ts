import { openSnapshotFile, type SnapshotFile } from '../source/pages/page-file.js';
import { busyTimeoutMs, openSource } from '../source/open.js';
import { translateSqliteError } from '../source/source-error.js';
import type { Database } from '../source/sqlite.js';
import type { BothFiles, Side } from './changed-rows.js';

export type BothPaths = Readonly<Record<Side, string>>;

/** Lends two snapshots, each opened when it is asked for, and closes what was opened. */
export async function withBothFiles<T>(paths: BothPaths, use: (files: BothFiles) => Promise<T> | T): Promise<T> {
  const files = new Map<Side, SnapshotFile>();
  let db: Database | null = null;
  const pages = (side: Side): SnapshotFile => {
    const file = files.get(side) ?? openSnapshotFile(paths[side]);
    files.set(side, file);
    return file;
  };
  const database = (): Database => {
    db ??= openBoth(paths);
    return db;
  };
  try {
    return await use({ pages, database });
  } finally {
    for (const file of files.values()) file.close();
    (db as Database | null)?.close();
  }
}

/** The newer file, read-only, with the older one attached as `base`. */
function openBoth({ old, now }: BothPaths): Database {
  const db = openSource(now, { readonly: true, timeoutMs: busyTimeoutMs });
  try {
    db.prepare('ATTACH ? AS base').run(old);
    return db;
  } catch (error) {
    db.close();
    throw translateSqliteError(error, old);
  }
}
