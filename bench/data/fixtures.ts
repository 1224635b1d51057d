import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/source/sqlite.js';
import { makeSampleDatabase } from '../../prisma/sample.js';
import {
  appScale,
  readTargetSchema,
  type ShapeName,
  type ShapeTable,
  type SizeName,
  shapeTables,
  sizeFactors,
  sizeNames,
} from './shapes.js';

/** Part of every cached name: raise it when a shape changes, so that an old file is never measured as a new one. */
const fixtureVersion = 1;

/** A benchmark's database, ready on disk. */
export interface Fixture {
  readonly shape: ShapeName;
  readonly size: SizeName;
  /** The SQLite file. */
  readonly path: string;
  /** Folder with the one .sql file that makes the target's schema. */
  readonly schemaFolder: string;
  /** The folder of the floor's prepared COPY files. */
  readonly copyFolder: string;
  readonly rows: number;
  /** Of the SQLite file, its indexes included. */
  readonly bytes: number;
  readonly tables: Readonly<Record<string, number>>;
}

export interface FixtureChoice {
  readonly folder: string;
  readonly shape: ShapeName;
  readonly size: SizeName;
}

/** Finds the fixture in `folder`, or makes it there. The same shape and size are the same bytes on every machine. */
export function prepareFixture({ folder, shape, size }: FixtureChoice): Fixture {
  const base = join(folder, `${shape}-${size}-v${fixtureVersion}`);
  const path = `${base}.db`;
  const schemaFolder = `${base}.sql`;
  mkdirSync(schemaFolder, { recursive: true });
  writeFileSync(join(schemaFolder, '0001_init.sql'), readTargetSchema(shape));
  if (!existsSync(path)) makeOnce(path, shape, sizeFactors[size]);
  const tables = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Record<string, number>;
  const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
  return { shape, size, path, schemaFolder, copyFolder: `${base}.copy`, rows, bytes: statSync(path).size, tables };
}

/** The fixture of the next smaller size; null at the smallest. */
export function prepareTenth(choice: FixtureChoice): Fixture | null {
  const smaller = sizeNames[sizeNames.indexOf(choice.size) - 1];
  return smaller === undefined ? null : prepareFixture({ ...choice, size: smaller });
}

/**
 * Makes the database under another name and renames it last, so that an interrupted run leaves nothing that looks like
 * a fixture.
 */
function makeOnce(path: string, shape: ShapeName, factor: number): void {
  const unfinished = `${path}.making`;
  rmSync(unfinished, { force: true });
  const tables = makeFixture({ path: unfinished, shape, factor });
  writeFileSync(`${path}.json`, JSON.stringify(tables));
  renameSync(unfinished, path);
}

/** Writes the database of a shape at rows × factor into a new file; returns the number of rows per table. */
export function makeFixture(what: { path: string; shape: ShapeName; factor: number }): Record<string, number> {
  if (what.shape === 'app') return makeSampleDatabase(what.path, { scale: appScale * what.factor }).tables;
  const db = new Database(what.path);
  try {
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('cache_size = -262144');
    db.exec('BEGIN');
    const tables: Record<string, number> = {};
    for (const table of shapeTables[what.shape]) tables[table.name] = makeTable(db, table, what.factor);
    db.exec('COMMIT');
    return tables;
  } finally {
    db.close();
  }
}

function makeTable(db: Database, table: ShapeTable, factor: number): number {
  const rowCount = Math.max(1, Math.round(table.rows * factor));
  db.exec(table.sqliteSql);
  table.fill(db, rowCount);
  db.exec(table.sqliteIndexSql);
  return rowCount;
}
