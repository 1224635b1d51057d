import { readFileSync } from 'node:fs';
import type { Database } from '../../src/source/sqlite.js';
import { createDraw, cycle, type Draw, makeCuid, sampleNowMs } from '../../prisma/sample-values.js';
import { manyTables } from './many.js';

/** One table of a benchmark's database: its schema on both sides and how it is filled. */
export interface ShapeTable {
  readonly name: string;
  /** Rows at size large. */
  readonly rows: number;
  readonly sqliteSql: string;
  readonly sqliteIndexSql: string;
  readonly postgresSql: string;
  /** Binds and inserts rows 0 to rowCount − 1, as fast as better-sqlite3 goes. */
  fill(db: Database, rowCount: number): void;
}

export const shapeNames = ['narrow', 'wide', 'blobs', 'app', 'mixed', 'many'] as const;
export type ShapeName = (typeof shapeNames)[number];

/** Rows at size large are multiplied by this. */
export const sizeFactors = { small: 0.01, medium: 0.1, large: 1, huge: 10 } as const;
export type SizeName = keyof typeof sizeFactors;
/** From the smallest on, each ten times the one before. */
export const sizeNames = Object.keys(sizeFactors) as SizeName[];

/** Integers and reals only: the shape where the cost per row counts most. */
const narrow: ShapeTable = {
  name: 'Metric',
  rows: 3_000_000,
  sqliteSql: `CREATE TABLE "Metric" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "hostId" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    "value" REAL NOT NULL,
    "count" INTEGER
);`,
  sqliteIndexSql: '',
  postgresSql: `CREATE TABLE "Metric" (
    "id" BIGINT NOT NULL,
    "hostId" INTEGER NOT NULL,
    "at" BIGINT NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "count" INTEGER,

    CONSTRAINT "Metric_pkey" PRIMARY KEY ("id")
);`,
  fill(db, rowCount) {
    const draw = createDraw(11);
    const insert = db.prepare('INSERT INTO "Metric" VALUES (?, ?, ?, ?, ?)');
    for (let row = 0; row < rowCount; row++) {
      const count = row % 7 === 0 ? null : draw.int(100_000);
      insert.run(row + 1, draw.int(500), sampleNowMs + row * 250, draw.int(1_000_000) / 64, count);
    }
  },
};

const notes = ['', 'ok', 'Größe überschritten', 'disk is nearly full', 'naïve café 🚀', 'it\'s "quoted"\nand long'];

function makeStatus(draw: Draw): string {
  return `{"load":${draw.int(400) / 100},"memory":${draw.int(64_000)},"disk":${draw.int(101)},"services":["nginx","postgres"]}`;
}

/** Text, JSON, a datetime in epoch milliseconds and a boolean: about 230 bytes a row. */
const wide: ShapeTable = {
  name: 'Snap',
  rows: 1_000_000,
  sqliteSql: `CREATE TABLE "Snap" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "hostId" TEXT NOT NULL,
    "ts" DATETIME NOT NULL,
    "statusJson" TEXT NOT NULL,
    "title" TEXT,
    "note" TEXT,
    "ok" BOOLEAN NOT NULL DEFAULT true,
    "score" REAL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);`,
  sqliteIndexSql: 'CREATE INDEX "Snap_hostId_ts_idx" ON "Snap"("hostId", "ts");',
  postgresSql: `CREATE TABLE "Snap" (
    "id" TEXT NOT NULL,
    "hostId" TEXT NOT NULL,
    "ts" TIMESTAMP(3) NOT NULL,
    "statusJson" TEXT NOT NULL,
    "title" TEXT,
    "note" TEXT,
    "ok" BOOLEAN NOT NULL DEFAULT true,
    "score" DOUBLE PRECISION,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Snap_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "Snap_hostId_ts_idx" ON "Snap"("hostId", "ts");`,
  fill(db, rowCount) {
    const draw = createDraw(12);
    const hosts = Array.from({ length: 500 }, (_, host) => makeCuid(draw, host));
    const insert = db.prepare('INSERT INTO "Snap" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    for (let row = 0; row < rowCount; row++) {
      const title = row % 5 === 0 ? null : `Snapshot number ${row}`;
      const note = row % 4 === 0 ? null : cycle(notes, draw.int(notes.length));
      const score = row % 6 === 0 ? null : draw.int(1_000_000) / 128;
      const ts = sampleNowMs + row * 1000;
      const ok = row % 50 === 0 ? 0 : 1;
      insert.run(
        makeCuid(draw, row),
        cycle(hosts, draw.int(500)),
        ts,
        makeStatus(draw),
        title,
        note,
        ok,
        score,
        ts + 37,
      );
    }
  },
};

const kilobyte = 1024;

/** Bytes from empty to a megabyte, mostly around eight kilobytes. */
const blobs: ShapeTable = {
  name: 'Attachment',
  rows: 60_000,
  sqliteSql: `CREATE TABLE "Attachment" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "body" BLOB
);`,
  sqliteIndexSql: '',
  postgresSql: `CREATE TABLE "Attachment" (
    "id" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "body" BYTEA,

    CONSTRAINT "Attachment_pkey" PRIMARY KEY ("id")
);`,
  fill(db, rowCount) {
    const draw = createDraw(13);
    const pool = Buffer.alloc(2 * kilobyte * kilobyte);
    for (let at = 0; at < pool.length; at++) pool[at] = draw.int(256);
    const insert = db.prepare('INSERT INTO "Attachment" VALUES (?, ?, ?)');
    for (let row = 0; row < rowCount; row++) {
      insert.run(row + 1, `file-${row}.bin`, row % 20 === 0 ? null : drawBlob(draw, pool, row));
    }
  },
};

function drawBlob(draw: Draw, pool: Buffer, row: number): Buffer {
  const bytes = row % 1000 === 1 ? kilobyte * kilobyte : draw.int(16 * kilobyte);
  const start = draw.int(pool.length - bytes);
  return pool.subarray(start, start + bytes);
}

/** The tables of each shape that is made here; `app` is the sample application itself, a thousand times over. */
export const shapeTables: Readonly<Record<Exclude<ShapeName, 'app'>, readonly ShapeTable[]>> = {
  narrow: [narrow],
  wide: [wide],
  blobs: [blobs],
  mixed: [narrow, wide],
  many: manyTables,
};

/** The sample's scale at which it holds 4.7 million rows: its size large. */
export const appScale = 1000;

/** The target's schema: tables, keys, indexes and foreign keys, as one SQL text. */
export function readTargetSchema(shape: ShapeName): string {
  if (shape !== 'app') return `${shapeTables[shape].map((table) => table.postgresSql).join('\n\n')}\n`;
  return readFileSync(new URL('../../../prisma/postgres/0001_init.sql', import.meta.url), 'utf8');
}
