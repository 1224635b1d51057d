import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { Database } from '../src/source/sqlite.js';
import { CopierError } from '../src/model/error.js';
import { type SampleIds, type SampleTable, sampleTables } from './sample-rows.js';
import { prismaMigrationsSql, sampleIndexesSql, sampleTablesSql } from './sample-schema.js';
import { createDraw, sampleNowMs } from './sample-values.js';

export interface SampleOptions {
  /** Multiplies the number of rows of every table; 1 gives a few thousand in all. Default 1. */
  readonly scale?: number;
}

/** What was made: rows per application table. */
export interface SampleDatabase {
  readonly tables: Record<string, number>;
}

/**
 * Makes the sample application's database at `path`, as a running application would leave it: WAL mode, Prisma's
 * tables and bookkeeping, and every awkward value listed in sample-values.ts. The same scale gives the same rows on
 * every machine. The file appears whole or not at all.
 * @throws CopierError `usage.bad_value` where a file is there already, since nothing is ever overwritten, or the scale
 * is no number above 0.
 */
export function makeSampleDatabase(path: string, options: SampleOptions = {}): SampleDatabase {
  if (existsSync(path)) {
    throw new CopierError('usage.bad_value', `sample database "${path}" is there already`, {
      hint: 'name another path, or move the file away first',
    });
  }
  const scale = options.scale ?? 1;
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new CopierError('usage.bad_value', `a sample cannot have the scale ${scale}`, {
      hint: 'use a number above 0',
    });
  }
  const unfinished = `${path}.${process.pid}.making`;
  try {
    const tables = fillDatabase(unfinished, scale);
    renameSync(unfinished, path);
    return { tables };
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(unfinished + suffix, { force: true });
  }
}

function fillDatabase(path: string, scale: number): Record<string, number> {
  const db = new Database(path);
  try {
    // A crash leaves only the unfinished file behind, so the fill needs no journal of its own.
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.exec('BEGIN');
    db.exec(prismaMigrationsSql + sampleTablesSql);
    const tables = fillTables(db, scale);
    db.exec(sampleIndexesSql);
    recordMigration(db);
    db.exec('COMMIT');
    db.pragma('journal_mode = WAL');
    return tables;
  } finally {
    db.close();
  }
}

function fillTables(db: Database, scale: number): Record<string, number> {
  const ids: SampleIds = { User: [], Host: [], NotificationEndpoint: [], RemediationAction: [] };
  const rows: Record<string, number> = {};
  sampleTables.forEach((table, position) => {
    rows[table.name] = fillTable(db, { table, ids, rowCount: Math.max(1, Math.round(table.rows * scale)), position });
  });
  return rows;
}

interface Fill {
  readonly table: SampleTable;
  readonly ids: SampleIds;
  readonly rowCount: number;
  readonly position: number;
}

function fillTable(db: Database, { table, ids, rowCount, position }: Fill): number {
  const draw = createDraw(position + 1);
  const parents: Partial<Record<string, string[]>> = { ...ids };
  const kept = parents[table.name];
  const width = db.prepare(`SELECT * FROM "${table.name}"`).columns().length;
  const insert = db.prepare(`INSERT INTO "${table.name}" VALUES (${Array(width).fill('?').join(', ')})`);
  for (let row = 0; row < rowCount; row++) {
    const values = table.makeRow(draw, row, ids);
    insert.run(values);
    kept?.push(String(values[0]));
  }
  return rowCount;
}

function recordMigration(db: Database): void {
  const checksum = createHash('sha256')
    .update(sampleTablesSql + sampleIndexesSql)
    .digest('hex');
  db.prepare('INSERT INTO "_prisma_migrations" VALUES (?, ?, ?, ?, NULL, NULL, ?, 1)').run(
    '7c2f4f0e-5d0b-4f5e-9b57-2f6a1c0d9e11',
    checksum,
    sampleNowMs,
    '20240229235959_init',
    sampleNowMs,
  );
}
